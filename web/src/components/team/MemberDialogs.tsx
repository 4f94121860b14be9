import { Modal, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { changeMember, type Member, useTeamChange } from '../../api/team.ts';
import { Confirm } from '../../ui/Confirm.tsx';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';
import { RoleChoice } from './RoleChoice.tsx';
import { WORKSPACE_ROLES } from './roles.ts';

interface Props {
  member: Member;
  close: () => void;
}

export function ChangeRole({ member: { username, workspaceRole }, close }: Props) {
  const [role, setRole] = useState(workspaceRole);
  const changing = useTeamChange(() => changeMember(username, { workspaceRole: role }), close);
  return (
    <Modal opened onClose={close} title={`The role of ${username}`}>
      <FormFrame
        action="Change role"
        submit={() => changing.mutate()}
        isPending={changing.isPending}
        error={changing.error}
        cancel={close}
        isDisabled={role === workspaceRole}
      >
        <RoleChoice label="Role in the workspace" roles={WORKSPACE_ROLES} value={role} choose={setRole} />
        <Text size="sm" c="dimmed">
          It counts at once, for what they have open and for their personal tokens, too.
        </Text>
      </FormFrame>
    </Modal>
  );
}

export function EditMember({ member, close }: Props) {
  const [fullName, setFullName] = useState(member.fullName ?? '');
  const [email, setEmail] = useState(member.email ?? '');
  const changing = useTeamChange(() => changeMember(member.username, { fullName, email }), close);
  return (
    <Modal opened onClose={close} title={`Name and e-mail of ${member.username}`}>
      <FormFrame
        action="Save"
        submit={() => changing.mutate()}
        isPending={changing.isPending}
        error={changing.error}
        fields={['fullName', 'email']}
        cancel={close}
      >
        <TextInput
          label="Full name"
          data-autofocus
          autoComplete="off"
          error={fieldError(changing.error, 'fullName')}
          value={fullName}
          onChange={(event) => setFullName(event.currentTarget.value)}
        />
        <TextInput
          label="E-mail"
          autoComplete="off"
          error={fieldError(changing.error, 'email')}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
      </FormFrame>
    </Modal>
  );
}

export function DisableMember({ member: { username }, close }: Props) {
  const disabling = useTeamChange(() => changeMember(username, { disabled: true }), close);
  return (
    <Confirm
      opened
      close={close}
      title={`Disable ${username}`}
      action="Disable"
      confirm={() => disabling.mutate()}
      isPending={disabling.isPending}
      error={disabling.error}
    >
      <Text size="sm">They are signed out everywhere at once, and cannot sign in. Their personal tokens end for good.</Text>
      <Text size="sm">
        Tokens of machines that they made go on. What they did stays on record, and they can be enabled again with the same
        password, role and groups.
      </Text>
    </Confirm>
  );
}

export function EnableMember({ member: { username, workspaceRole }, close }: Props) {
  const enabling = useTeamChange(() => changeMember(username, { disabled: false }), close);
  return (
    <Modal opened onClose={close} title={`Enable ${username}`}>
      <FormFrame
        action="Enable"
        submit={() => enabling.mutate()}
        isPending={enabling.isPending}
        error={enabling.error}
        cancel={close}
      >
        <Text size="sm">
          They can sign in again with the password that they had, as {workspaceRole} of the workspace and with their roles
          in projects. Their tokens of before do not come back.
        </Text>
      </FormFrame>
    </Modal>
  );
}
