// The people of the workspace, their groups, and their roles.

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { answered, api, type Schemas } from './client.ts';

export type Member = Schemas['Member'];
export type Group = Schemas['Group'];
export type Source = Schemas['PermissionSource'];

export const membersQuery = queryOptions({
  queryKey: ['team', 'members'],
  queryFn: async () => (await answered(api.GET('/api/workspace/members'))).data.members,
});

export const groupsQuery = queryOptions({
  queryKey: ['team', 'groups'],
  queryFn: async () => (await answered(api.GET('/api/workspace/groups'))).data.groups,
});

export const groupMembersQuery = (group: string) =>
  queryOptions({
    queryKey: ['team', 'groups', group, 'members'],
    queryFn: async () => {
      const params = { path: { group } };
      return (await answered(api.GET('/api/workspace/groups/{group}/members', { params }))).data.members;
    },
  });

/** What somebody may do, everywhere and in each project. */
export const memberPermissionsQuery = (username: string) =>
  queryOptions({
    queryKey: ['team', 'members', username, 'permissions'],
    queryFn: async () => {
      const params = { path: { username } };
      return (await answered(api.GET('/api/workspace/members/{username}/permissions', { params }))).data;
    },
  });

/** What everybody may do in a project. */
export const projectPermissionsQuery = (project: string) =>
  queryOptions({
    queryKey: ['team', 'projects', project, 'permissions'],
    queryFn: async () => {
      const params = { path: { project } };
      return (await answered(api.GET('/api/workspace/projects/{project}/permissions', { params }))).data.members;
    },
  });

/** The roles that were given in a project. */
export const projectRolesQuery = (project: string) =>
  queryOptions({
    queryKey: ['team', 'projects', project, 'roles'],
    queryFn: async () => {
      const params = { path: { project } };
      return (await answered(api.GET('/api/workspace/projects/{project}/members', { params }))).data.members;
    },
  });

export async function addMember(body: Schemas['NewMember']) {
  await answered(api.POST('/api/workspace/members', { body }));
}

export async function changeMember(username: string, body: Schemas['MemberUpdate']) {
  const params = { path: { username } };
  await answered(api.PATCH('/api/workspace/members/{username}', { params, body }));
}

export async function makeGroup(body: Schemas['NewGroup']) {
  await answered(api.POST('/api/workspace/groups', { body }));
}

export async function changeGroup(group: string, body: Schemas['GroupUpdate']) {
  await answered(api.PATCH('/api/workspace/groups/{group}', { params: { path: { group } }, body }));
}

export async function deleteGroup(group: string) {
  await answered(api.DELETE('/api/workspace/groups/{group}', { params: { path: { group } } }));
}

export async function changeGroupMembers(group: string, body: Schemas['GroupMembersChange']) {
  await answered(api.PUT('/api/workspace/groups/{group}/members', { params: { path: { group } }, body }));
}

export async function giveRole(project: string, body: Schemas['NewProjectMember']) {
  const params = { path: { project } };
  await answered(api.PUT('/api/workspace/projects/{project}/members', { params, body }));
}

export async function takeRole(project: string, subjectType: string, subjectId: string) {
  const params = { path: { project, subjectType, subjectId } };
  await answered(
    api.DELETE('/api/workspace/projects/{project}/members/{subjectType}/{subjectId}', { params }),
  );
}

/** A change of who is who, after which everything that follows from it is asked for again. */
export function useTeamChange<T = void>(change: (what: T) => Promise<void>, done?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['team'] }),
        queries.invalidateQueries({ queryKey: ['me'] }),
      ]);
      done?.();
    },
    // A new member's password is in one of them.
    gcTime: 0,
  });
}
