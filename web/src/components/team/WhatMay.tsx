import { Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import type { Schemas } from '../../api/client.ts';
import { memberPermissionsQuery } from '../../api/team.ts';
import { wordsForActions } from '../../ui/actions.ts';
import classes from '../../ui/list.module.css';
import { Problem } from '../../ui/Problem.tsx';
import { Allowed } from './Allowed.tsx';
import { workspaceRole } from './roles.ts';
import { Why } from './Why.tsx';

/** What somebody may do, and why: in one project, or in all. */
export function WhatMay({ username, project }: { username: string; project: string | undefined }) {
  const permissions = useQuery(memberPermissionsQuery(username));
  if (permissions.isPending) return <Skeleton height={200} />;
  if (permissions.isError) {
    const retry = () => void permissions.refetch();
    return <Problem title={`What ${username} may do is not to be had`} error={permissions.error} retry={retry} />;
  }
  const { data } = permissions;
  if (data.disabled) {
    return <Text>{username} is disabled, and may do nothing until they are enabled again.</Text>;
  }
  const here = data.projects.find((found) => found.project === project);
  if (project !== undefined && here !== undefined) return <InOne username={username} here={here} />;
  return (
    <Stack gap="xl">
      <Everywhere permissions={data} />
      <InEach permissions={data} />
    </Stack>
  );
}

function Everywhere({ permissions: { workspaceRole: role, globalActions } }: { permissions: Schemas['Permissions'] }) {
  return (
    <Stack gap="md" component="section" aria-label="In the workspace">
      <div>
        <Title order={2} size="h5">
          In the workspace
        </Title>
        <Text size="sm">{workspaceRole(role)} of the workspace</Text>
      </div>
      <Allowed allowed={globalActions} of="workspace" />
    </Stack>
  );
}

function InOne({ username, here: { project, actions, sources } }: { username: string; here: Schemas['ProjectPermissions'] }) {
  return (
    <Stack gap="md" component="section" aria-label={`In ${project}`}>
      <div>
        <Title order={2} size="h5">
          {actions.length === 0 ? `${username} may do nothing in ${project}` : `In ${project}`}
        </Title>
        <Text size="sm" component="div">
          <Why sources={sources} />
        </Text>
      </div>
      <Allowed allowed={actions} of="project" />
    </Stack>
  );
}

function InEach({ permissions: { username, projects } }: { permissions: Schemas['Permissions'] }) {
  if (projects.length === 0) return <Text size="sm">There is no project whose roles you may see.</Text>;
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        In projects
      </Title>
      <table className={classes.table} aria-label={`What ${username} may do in projects`}>
        <thead>
          <tr>
            <th scope="col">Project</th>
            <th scope="col">May</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {projects.map(({ project, actions, sources }) => (
            <tr key={project} className={actions.length === 0 ? classes.over : undefined}>
              <th scope="row">
                <Link to="/team/access" search={{ user: username, project }} className={classes.name}>
                  {project}
                </Link>
              </th>
              <td>
                {actions.length === 0 ? 'nothing' : wordsForActions(actions).map((words) => <div key={words}>{words}</div>)}
              </td>
              <td>
                <Why sources={sources} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Stack>
  );
}
