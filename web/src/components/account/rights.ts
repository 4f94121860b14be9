import type { Schemas } from '../../api/client.ts';

type Source = Schemas['PermissionSource'];

/** By what somebody has a role, in words. */
export function originOf({ kind, role, group }: Source): string {
  switch (kind) {
    case 'workspace':
      return `${role} of the workspace`;
    case 'group':
      return group == null ? `${role} by a group` : `${role} by the group ${group}`;
    case 'default':
      return `${role}, as everybody is`;
    default:
      return `${role} here`;
  }
}

/** What comes from the project itself. A role in the workspace counts everywhere, and `none` gives nothing. */
export function rolesOf(sources: readonly Source[]): Source[] {
  return sources.filter(({ kind, role }) => kind !== 'workspace' && role !== 'none');
}

/** The projects in which somebody may do more than everywhere. */
export function ownPlaces({ globalActions, projects }: Pick<Schemas['Permissions'], 'globalActions' | 'projects'>) {
  return projects.filter(({ actions }) => actions.some((action) => !globalActions.includes(action)));
}
