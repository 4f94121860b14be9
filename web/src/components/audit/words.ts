// What is on record, in words.

import type { AuditEvent } from '../../api/audit.ts';
import { type Word, wordsForRevision } from '../record/changes.ts';

/** What each action is, as a sentence that begins with who did it. Those that change secrets or configs tell it themselves. */
export const ACTIONS: Record<string, string> = {
  'access.denied': 'Was refused',
  'access.lost': 'More events than there was room for',
  'admin.create': 'Made an admin on the server itself',
  'admin.reset-password': 'Reset a password on the server itself',
  'audit.import': 'Took over events of version 1.4',
  'auth.dead_token': 'Used a token that is dead',
  'auth.failed': 'Failed to sign in',
  'auth.login': 'Signed in',
  'auth.throttled': 'Was told to wait before signing in',
  'configs.clone': 'Cloned a config',
  'configs.delete': 'Deleted a config',
  'configs.update': 'Changed a config',
  'configs.write': 'Made a config',
  'groups.create': 'Made a group',
  'groups.delete': 'Deleted a group',
  'groups.members': 'Changed the members of a group',
  'groups.update': 'Changed a group',
  'journal.restore': 'Restored a backup',
  'journal.start': 'Began the record',
  'keys.rewrap': 'Wrapped data keys anew',
  'keys.rotate-data': 'Began to seal with new data keys',
  'keys.rotate-root': 'Changed the root key',
  'mappings.create': 'Mapped an external group',
  'mappings.delete': 'Removed the mapping of a group',
  'me.password': 'Changed the own password',
  'me.update': 'Changed the own profile',
  'members.create': 'Added a member',
  'members.update': 'Changed a member',
  'onboarding.bootstrap': 'Became the owner',
  'project-members.remove': 'Took away a role in a project',
  'project-members.set': 'Gave a role in a project',
  'projects.delete': 'Deleted a project',
  'projects.update': 'Changed a project',
  'projects.write': 'Made a project',
  'secrets.delete': 'Removed secrets',
  'secrets.export': 'Exported values',
  'secrets.promote': 'Promoted secrets',
  'secrets.read': 'Read values',
  'secrets.rollback': 'Rolled back a config',
  'secrets.write': 'Set secrets',
  'settings.update': 'Changed the settings',
  'tokens.create': 'Made a token',
  'tokens.revoke': 'Revoked a token',
  'tokens.rotate': 'Rotated a token',
  'users.register': 'Registered a user',
};

export function wordsForEvent({ action, changes, key, method, path, config_slug }: AuditEvent): Word[] {
  const ofConfig = changes.some(({ kind }) => kind.startsWith('secret_') || kind.startsWith('config_'));
  // A project's end is that of its configs, too.
  if (ofConfig && (action.startsWith('secrets.') || action.startsWith('configs.'))) return wordsForRevision(action, changes);
  const words = ACTIONS[action] ?? action;
  switch (action) {
    case 'secrets.read':
      return key == null ? [config_slug == null ? 'Read values of all configs' : 'Read all values'] : ['Read ', { key }];
    case 'secrets.export':
      return ['Exported all values'];
    case 'access.denied':
      return path == null ? [words] : [`${words}: ${method ?? ''} ${path}`.replace('  ', ' ')];
    default:
      return [words];
  }
}

export function isRefused({ status_code }: AuditEvent): boolean {
  return status_code >= 400;
}
