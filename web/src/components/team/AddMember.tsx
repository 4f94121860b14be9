import { Button, Group, Modal, PasswordInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { useMay } from '../../api/permissions.ts';
import { settingsQuery } from '../../api/settings.ts';
import { addMember, useTeamChange } from '../../api/team.ts';
import { CopyButton } from '../../ui/CopyButton.tsx';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';
import { makePassword } from './password.ts';
import { RoleChoice } from './RoleChoice.tsx';
import { WORKSPACE_ROLES } from './roles.ts';
import classes from './team.module.css';

/** Somebody new, with a first password that whoever adds them hands over. */
export function AddMember({ close }: { close: () => void }) {
  const [username, setUsername] = useState('');
  const [fullName, setFullName] = useState('');
  const [email, setEmail] = useState('');
  const [chosen, setRole] = useState<string | null>(null);
  const usual = useQuery({ ...settingsQuery, enabled: useMay()('workspace:settings:read') }).data?.defaultWorkspaceRole;
  const role = chosen ?? usual ?? 'viewer';
  const [isMade, setIsMade] = useState(true);
  const [typed, setTyped] = useState('');
  const [made] = useState(makePassword);
  const password = isMade ? made : typed;
  const adding = useTeamChange(() => addMember({ username, fullName, email, password, workspaceRole: role }));
  const { error } = adding;
  return (
    <Modal
      opened
      onClose={close}
      title={adding.isSuccess ? `${username} is a member now` : 'Add a member'}
      closeOnClickOutside={false}
      size="lg"
    >
      {adding.isSuccess ? (
        <Handover username={username} password={password} close={close} />
      ) : (
        <FormFrame
          action="Add member"
          submit={() => adding.mutate()}
          isPending={adding.isPending}
          error={error}
          fields={['username', 'fullName', 'email', 'password', 'workspaceRole']}
          cancel={close}
        >
          <TextInput
            label="Username"
            description="What they sign in with; it stays"
            data-autofocus
            required
            withAsterisk={false}
            maxLength={64}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            error={fieldError(error, 'username')}
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <Group grow align="flex-start" gap="sm">
            <TextInput
              label="Full name"
              autoComplete="off"
              error={fieldError(error, 'fullName')}
              value={fullName}
              onChange={(event) => setFullName(event.currentTarget.value)}
            />
            <TextInput
              label="E-mail"
              autoComplete="off"
              error={fieldError(error, 'email')}
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
          </Group>
          <RoleChoice
            label="Role in the workspace"
            roles={WORKSPACE_ROLES}
            value={role}
            choose={setRole}
            error={fieldError(error, 'workspaceRole')}
          />
          <Stack gap={6}>
            <SegmentedControl
              aria-label="Where their password is from"
              size="xs"
              data={[
                { value: 'made', label: 'Make a first password' },
                { value: 'typed', label: 'Type one' },
              ]}
              value={isMade ? 'made' : 'typed'}
              onChange={(next) => setIsMade(next === 'made')}
            />
            {isMade ? (
              <Text size="sm" c="dimmed">
                It is shown to you once when they are added.
              </Text>
            ) : (
              <PasswordInput
                label="First password"
                description="12 characters at least"
                autoComplete="new-password"
                required
                withAsterisk={false}
                error={fieldError(error, 'password')}
                value={typed}
                onChange={(event) => setTyped(event.currentTarget.value)}
              />
            )}
          </Stack>
        </FormFrame>
      )}
    </Modal>
  );
}

/** What they need to get in. It goes with this dialog. */
function Handover({ username, password, close }: { username: string; password: string; close: () => void }) {
  return (
    <Stack gap="md">
      <Text size="sm">
        Give {username} this password in a way that only they can read. It is shown here once; they change it in their
        account.
      </Text>
      <div className={classes.once}>
        <code className={classes.password} aria-label="Their first password">
          {password}
        </code>
        <CopyButton text={password} what="the password" />
      </div>
      <Button ml="auto" onClick={close}>
        Done
      </Button>
    </Stack>
  );
}
