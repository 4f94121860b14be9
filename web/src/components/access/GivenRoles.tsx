import { ActionIcon, Select, Stack, Text, Title, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { type Schemas, wordsFor } from '../../api/client.ts';
import { useMay } from '../../api/permissions.ts';
import { giveRole, projectRolesQuery, takeRole, useTeamChange } from '../../api/team.ts';
import { TrashIcon } from '../../ui/icons.tsx';
import classes from '../../ui/list.module.css';
import { forSelect, PROJECT_ROLES, projectRole } from '../team/roles.ts';

/** The roles that were given in a project, to be changed where they are shown. */
export function GivenRoles({ project }: { project: string }) {
  const roles = useQuery(projectRolesQuery(project)).data;
  if (roles === undefined) return null;
  return (
    <Stack gap="xs" component="section" aria-label="Roles given here">
      <Title order={2} size="h5">
        Roles given here
      </Title>
      {roles.length === 0 ? (
        <Text size="sm" c="dimmed">
          None yet. Who has none here is what the workspace says for everybody.
        </Text>
      ) : (
        <table className={classes.table} aria-label="Roles given here">
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">Role</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {roles.map((given) => (
              <GivenRole key={`${given.subjectType}:${given.subjectId}`} project={project} given={given} />
            ))}
          </tbody>
        </table>
      )}
    </Stack>
  );
}

function GivenRole({ project, given }: { project: string; given: Schemas['ProjectMember'] }) {
  const { subjectType, subjectId, role } = given;
  const mayGive = useMay(project)('workspace:project-members:manage');
  const changing = useTeamChange((next: string) => giveRole(project, { subjectType, subjectId, role: next }));
  const taking = useTeamChange(() => takeRole(project, subjectType, subjectId));
  const error = changing.error ?? taking.error;
  const take = `Take the role away from ${subjectId}`;
  return (
    <tr className={classes.middle}>
      <th scope="row">
        <span className={classes.name}>{subjectId}</span>{' '}
        {subjectType === 'group' && <span className={classes.quiet}>group</span>}
      </th>
      <td>
        {mayGive ? (
          <Select
            size="xs"
            w={150}
            aria-label={`Role of ${subjectId}`}
            allowDeselect={false}
            disabled={changing.isPending}
            data={forSelect(PROJECT_ROLES)}
            value={role}
            onChange={(next) => {
              if (next !== null && next !== role) changing.mutate(next);
            }}
          />
        ) : (
          projectRole(role)
        )}
        {error !== null && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {wordsFor(error)}
          </Text>
        )}
      </td>
      <td className={classes.actions}>
        {mayGive && (
          <Tooltip label={take}>
            <ActionIcon variant="subtle" color="gray" aria-label={take} loading={taking.isPending} onClick={() => taking.mutate()}>
              <TrashIcon />
            </ActionIcon>
          </Tooltip>
        )}
      </td>
    </tr>
  );
}
