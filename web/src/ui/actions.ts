// What actions are in words.

import type { Action } from '../api/permissions.ts';

/** In the order in which people ask about them, not in the server's. */
const NOUNS = [
  'secrets',
  'configs',
  'projects',
  'tokens',
  'the audit log',
  'members',
  'groups',
  'roles in projects',
  'group mappings',
  'settings',
  'users',
] as const;

const WORDS: Record<Action, [verb: string, noun: (typeof NOUNS)[number]]> = {
  'secrets:read': ['read', 'secrets'],
  'secrets:export': ['export', 'secrets'],
  'secrets:write': ['write', 'secrets'],
  'secrets:delete': ['delete', 'secrets'],
  'configs:read': ['see', 'configs'],
  'configs:write': ['change', 'configs'],
  'projects:read': ['see', 'projects'],
  'projects:write': ['change', 'projects'],
  'tokens:read': ['see', 'tokens'],
  'tokens:write': ['make', 'tokens'],
  'tokens:revoke': ['revoke', 'tokens'],
  'audit:read': ['read', 'the audit log'],
  'workspace:members:read': ['see', 'members'],
  'workspace:members:manage': ['manage', 'members'],
  'workspace:groups:read': ['see', 'groups'],
  'workspace:groups:manage': ['manage', 'groups'],
  'workspace:project-members:read': ['see', 'roles in projects'],
  'workspace:project-members:manage': ['give', 'roles in projects'],
  'workspace:mappings:read': ['see', 'group mappings'],
  'workspace:mappings:manage': ['manage', 'group mappings'],
  'workspace:settings:read': ['see', 'settings'],
  'workspace:settings:manage': ['change', 'settings'],
  'users:manage': ['manage', 'users'],
};

/** Every action that there is. */
export const ACTIONS = Object.keys(WORDS) as Action[];

/** One action, as in `write secrets`. */
export function wordsForAction(action: Action): string {
  return WORDS[action].join(' ');
}

/** What an action is done to. */
export function nounOf(action: Action): string {
  return WORDS[action][1];
}

/** Actions, one phrase for each noun, as in `read and export secrets`. */
export function wordsForActions(actions: readonly string[]): string[] {
  const verbs = new Map<string, string[]>();
  for (const action of ACTIONS) {
    const [verb, noun] = WORDS[action];
    if (actions.includes(action)) verbs.set(noun, [...(verbs.get(noun) ?? []), verb]);
  }
  return NOUNS.flatMap((noun) => {
    const said = verbs.get(noun);
    return said === undefined ? [] : [`${inSeries(said)} ${noun}`];
  });
}

/** `a`, `a and b`, `a, b and c`. */
export function inSeries(words: readonly string[], word = 'and'): string {
  const last = words.at(-1);
  if (last === undefined) return '';
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} ${word} ${last}`;
}
