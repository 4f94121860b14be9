import { Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import type { Schemas } from '../../api/client.ts';
import { inSeries } from '../../ui/actions.ts';
import { doing } from '../tokens/words.ts';
import classes from './account.module.css';
import { originOf, ownPlaces, rolesOf } from './rights.ts';

/** What I may do, and by what. */
export function OwnRights({ permissions }: { permissions: Schemas['Permissions'] }) {
  const { workspaceRole, globalActions } = permissions;
  const projects = ownPlaces(permissions);
  return (
    <Stack gap="sm">
      <Text size="sm">
        You are <b>{workspaceRole}</b> of the workspace
        {globalActions.length === 0 ? '.' : <>, and so may {doing(globalActions)} everywhere.</>}
      </Text>
      {projects.length > 0 && (
        <ul className={classes.list} aria-label="Rights in projects">
          {projects.map(({ project, actions, sources }) => (
            <li key={project} className={`${classes.item} ${classes.rights}`}>
              <div>
                <Link to="/p/$project" params={{ project }} className={classes.place}>
                  {project}
                </Link>
                <Text size="sm" c="dimmed">
                  {doing(actions)}
                </Text>
              </div>
              <Text size="xs" c="dimmed" className={classes.why ?? ''}>
                {inSeries(rolesOf(sources).map(originOf))}
              </Text>
            </li>
          ))}
        </ul>
      )}
    </Stack>
  );
}
