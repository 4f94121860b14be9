import { Stack, Switch, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import type { Schemas } from '../../api/client.ts';
import { useMay } from '../../api/permissions.ts';
import { changeSettings } from '../../api/settings.ts';
import { FormFrame } from '../../ui/FormFrame.tsx';
import { RoleChoice } from '../team/RoleChoice.tsx';
import { PROJECT_ROLES, projectRole, type Role, WORKSPACE_ROLES, workspaceRole } from '../team/roles.ts';
import { Facts } from './Facts.tsx';

type Settings = Schemas['Settings'];

/** In projects in which somebody has no role, themselves or by a group. */
const DEFAULTS: Role[] = PROJECT_ROLES.map((role) =>
  role.value === 'none' ? { ...role, about: 'Projects are seen only by those who have a role in them.' } : role,
);

export function WorkspaceSettings({ settings }: { settings: Settings }) {
  const may = useMay();
  return may('workspace:settings:manage') ? (
    <Form key={JSON.stringify(settings)} settings={settings} />
  ) : (
    <ReadOnly settings={settings} />
  );
}

function Form({ settings }: { settings: Settings }) {
  const queries = useQueryClient();
  const [wanted, setWanted] = useState(settings);
  const change = (part: Partial<Settings>) => setWanted({ ...wanted, ...part });
  const saving = useMutation({
    mutationFn: () => changeSettings(wanted),
    onSuccess: async () => {
      notifications.show({ message: 'Settings saved' });
      await Promise.all(['settings', 'team', 'me'].map((key) => queries.invalidateQueries({ queryKey: [key] })));
    },
  });
  const isSame = JSON.stringify(wanted) === JSON.stringify(settings);
  return (
    <FormFrame
      action="Save settings"
      submit={() => saving.mutate()}
      isPending={saving.isPending}
      error={saving.error}
      isDisabled={isSame}
    >
      <Stack gap="xl">
        <RoleChoice
          label="New members, where nobody says otherwise, are"
          roles={WORKSPACE_ROLES}
          value={wanted.defaultWorkspaceRole}
          choose={(defaultWorkspaceRole) => change({ defaultWorkspaceRole })}
        />
        <RoleChoice
          label="In a project in which they have no role, themselves or by a group, members are"
          roles={DEFAULTS}
          value={wanted.defaultProjectRole}
          choose={(defaultProjectRole) => change({ defaultProjectRole })}
        />
        <Switch
          label="Values may refer to others, as ${KEY}"
          description="When it is off, a reference is given out as the text that is written. Values that are saved meanwhile stay plain text until they are saved again."
          checked={wanted.referencingEnabled}
          onChange={(event) => change({ referencingEnabled: event.currentTarget.checked })}
        />
        <Switch
          label="Tokens of machines may be made without an end"
          description="Those that there are already stay as they are."
          checked={wanted.tokensWithoutExpiry}
          onChange={(event) => change({ tokensWithoutExpiry: event.currentTarget.checked })}
        />
      </Stack>
    </FormFrame>
  );
}

function ReadOnly({ settings }: { settings: Settings }) {
  return (
    <Stack gap="xs">
      <Title order={3} size="h6">
        Only owners change these
      </Title>
      <Facts
        facts={[
          ['New members are', workspaceRole(settings.defaultWorkspaceRole)],
          ['Without a role in a project', projectRole(settings.defaultProjectRole)],
          ['Values may refer to others', settings.referencingEnabled ? 'yes' : 'no'],
          ['Tokens without an end', settings.tokensWithoutExpiry ? 'yes' : 'no'],
        ]}
      />
    </Stack>
  );
}
