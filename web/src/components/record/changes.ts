// What was done, in words: pure functions over what the record says.

import type { Schemas } from '../../api/client.ts';

type Change = Schemas['AuditChange'];

/** A piece of a sentence. Keys stand apart, so that they can look like keys and lead somewhere. */
export type Word = string | { key: string };

/** How many keys a sentence names before it counts the rest. */
const NAMED = 4;

/** What became of the keys: `set A, B and 2 more, removed C`. */
export function wordsForKeys(changes: Change[], named = NAMED): Word[] {
  const of = (kind: string) => changes.flatMap((change) => (change.kind === kind && change.key != null ? [change.key] : []));
  const parts = [
    { verb: 'set', keys: of('secret_set') },
    { verb: 'removed', keys: of('secret_deleted') },
  ].filter(({ keys }) => keys.length > 0);
  return parts.flatMap(({ verb, keys }, index) => [index === 0 ? `${verb} ` : `, ${verb} `, ...list(keys, named)]);
}

function list(keys: string[], named: number): Word[] {
  // To count a single one takes as much room as to name it.
  const shown = keys.length > named + 1 ? keys.slice(0, named) : keys;
  const rest = keys.length - shown.length;
  const words = shown.flatMap((key, index): Word[] => (index === 0 ? [{ key }] : [index === keys.length - 1 ? ' and ' : ', ', { key }]));
  return rest === 0 ? words : [...words, ` and ${rest} more`];
}

/** What a revision did to its config. */
export function wordsForRevision(action: string, changes: Change[], named = NAMED): Word[] {
  const keys = wordsForKeys(changes, named);
  const has = (kind: string) => changes.some((change) => change.kind === kind);
  switch (action) {
    case 'secrets.rollback':
      return after('Rolled back', keys);
    case 'secrets.promote':
      return after('Promoted from another config', keys);
    case 'configs.clone':
      return after('Cloned from another config', keys);
  }
  const config = [
    has('config_added') ? 'made the config' : '',
    has('config_updated') ? 'renamed the config' : '',
    has('config_reparented') ? 'changed what it inherits from' : '',
    has('config_deleted') ? 'deleted the config' : '',
  ].filter((part) => part !== '');
  const words = [...config.flatMap((part, index) => (index === 0 ? [part] : [', ', part])), ...(config.length > 0 && keys.length > 0 ? [', '] : []), ...keys];
  return capital(words.length > 0 ? words : [action]);
}

function after(lead: string, keys: Word[]): Word[] {
  return keys.length === 0 ? [lead] : [`${lead}: `, ...keys];
}

function capital([first, ...rest]: Word[]): Word[] {
  if (typeof first !== 'string') return first === undefined ? [] : [first, ...rest];
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest];
}

/** A sentence as plain text. */
export function textOf(words: Word[]): string {
  return words.map((word) => (typeof word === 'string' ? word : word.key)).join('');
}
