import { queryOptions, useQuery } from '@tanstack/react-query';

import { answered, api, type Schemas } from './client.ts';

/** Something that the server allows or refuses. */
export type Action =
  | 'projects:read'
  | 'projects:write'
  | 'configs:read'
  | 'configs:write'
  | 'secrets:read'
  | 'secrets:write'
  | 'secrets:delete'
  | 'secrets:export'
  | 'tokens:read'
  | 'tokens:write'
  | 'tokens:revoke'
  | 'audit:read'
  | 'users:manage'
  | 'workspace:settings:read'
  | 'workspace:settings:manage'
  | 'workspace:members:read'
  | 'workspace:members:manage'
  | 'workspace:groups:read'
  | 'workspace:groups:manage'
  | 'workspace:project-members:read'
  | 'workspace:project-members:manage'
  | 'workspace:mappings:read'
  | 'workspace:mappings:manage';

export const permissionsQuery = queryOptions({
  queryKey: ['me', 'permissions'],
  queryFn: async () => (await answered(api.GET('/api/me/permissions'))).data,
  staleTime: 30_000,
});

/** Whether a person may do something in a project; without one, everywhere. */
export function allows(permissions: Schemas['Permissions'], action: Action, project?: string): boolean {
  if (permissions.globalActions.includes(action)) return true;
  const here = permissions.projects.find((found) => found.project === project);
  return here?.actions.includes(action) ?? false;
}

/**
 * What I may do in a project; without one, everywhere. While that is not known it says no: what is not allowed is not
 * offered, and what is offered works.
 */
export function useMay(project?: string): (action: Action) => boolean {
  const { data } = useQuery(permissionsQuery);
  return (action) => data !== undefined && allows(data, action, project);
}

/** What I may do in at least one project. */
export function useMaySomewhere(): (action: Action) => boolean {
  const { data } = useQuery(permissionsQuery);
  return (action) => {
    if (data === undefined) return false;
    return allows(data, action) || data.projects.some(({ project }) => allows(data, action, project));
  };
}

/** What I may do where, for pages that are about many places; no project stands for everywhere. */
export function useMayIn(): (action: Action, project: string | null) => boolean {
  const { data } = useQuery(permissionsQuery);
  return (action, project) => data !== undefined && allows(data, action, project ?? undefined);
}
