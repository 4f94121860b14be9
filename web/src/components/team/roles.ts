// What roles are in words. What they allow, the server says.

import type { Source } from '../../api/team.ts';

export interface Role {
  value: string;
  name: string;
  about: string;
}

export const WORKSPACE_ROLES: Role[] = [
  { value: 'owner', name: 'Owner', about: 'May do everything; manages members and settings.' },
  { value: 'admin', name: 'Admin', about: 'Every project with its secrets, tokens, groups and roles; not members or settings.' },
  { value: 'collaborator', name: 'Collaborator', about: 'Sees who is in the team. The rest comes from roles in projects.' },
  { value: 'viewer', name: 'Viewer', about: 'Like a collaborator, for people who come to look.' },
];

export const PROJECT_ROLES: Role[] = [
  { value: 'admin', name: 'Admin', about: 'Reads, writes and deletes secrets, and changes configs.' },
  { value: 'collaborator', name: 'Collaborator', about: 'Reads and writes secrets, and changes configs.' },
  { value: 'viewer', name: 'Viewer', about: 'Reads and exports secrets, and changes nothing.' },
  { value: 'none', name: 'None', about: 'Does not see the project, whatever everybody else does.' },
];

const nameIn = (roles: Role[], value: string) => roles.find((role) => role.value === value)?.name ?? value;

export const workspaceRole = (value: string) => nameIn(WORKSPACE_ROLES, value);
export const projectRole = (value: string) => nameIn(PROJECT_ROLES, value);

export const forSelect = (roles: Role[]) => roles.map(({ value, name }) => ({ value, label: name }));

/** By what somebody is something in a project, as in `Collaborator, by the group developers`. */
export function wordsForSource({ kind, role, group }: Source): string {
  switch (kind) {
    case 'workspace':
      return `${workspaceRole(role)} of the workspace`;
    case 'user':
      return `${projectRole(role)}, by a role of their own`;
    case 'group':
      return `${projectRole(role)}, by ${group == null ? 'a group' : `the group ${group}`}`;
    default:
      return role === 'none' ? 'No role here' : `${projectRole(role)}, as everybody without a role here`;
  }
}

const GREATNESS = ['none', 'viewer', 'collaborator', 'admin'];

/** The sources by how much they give, the greatest first: that one counts. What gives nothing beside another is left out. */
export function byWeight(sources: readonly Source[]): Source[] {
  const weight = ({ kind, role }: Source) => (kind === 'workspace' ? GREATNESS.length : GREATNESS.indexOf(role));
  const said = sources.filter(({ kind, role }) => sources.length === 1 || kind !== 'default' || role !== 'none');
  return said.sort((one, other) => weight(other) - weight(one));
}
