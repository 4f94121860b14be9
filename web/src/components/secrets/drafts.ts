// What was typed and is not saved: pure functions over it.

import type { Keys } from '../../api/queries.ts';

export type Meta = Keys['meta'][string];

export type Change = { kind: 'set'; value: string } | { kind: 'remove' };
/** A change and what the key was when it was begun: what it rests on, whatever is loaded since. */
export type Draft = Change & { base: Meta | undefined };
export type Drafts = ReadonlyMap<string, Draft>;

export interface Row {
  key: string;
  meta: Meta | undefined;
  draft: Draft | undefined;
}

/** The rows of the table: what there is, and what is to be. New keys stand where they will. */
export function rowsOf(keys: Keys, drafts: Drafts, edited?: string): Row[] {
  const names = new Set([...Object.keys(keys.meta), ...drafts.keys()]);
  // What is being typed stays, also when somebody removes the key meanwhile.
  if (edited !== undefined) names.add(edited);
  return [...names].sort().map((key) => ({ key, meta: keys.meta[key], draft: drafts.get(key) }));
}

export type State = 'new' | 'changed' | 'removed';

/** What is to become of a key, as people say it: a value that hides an inherited one is new. */
export function stateOf(draft: Draft, meta: Meta | undefined): State {
  if (draft.kind === 'remove') return 'removed';
  return meta === undefined || meta.inherited ? 'new' : 'changed';
}

/** Says `3 changes not saved: 1 new, 1 changed, 1 removed`. */
export function summary(keys: Keys, drafts: Drafts): string {
  const count = { new: 0, changed: 0, removed: 0 };
  for (const [key, draft] of drafts) count[stateOf(draft, keys.meta[key])] += 1;
  const parts = Object.entries(count)
    .filter(([, of]) => of > 0)
    .map(([state, of]) => `${of} ${state}`);
  return `${changes(drafts.size)} not saved: ${parts.join(', ')}`;
}

export function changes(count: number): string {
  return `${count} ${count === 1 ? 'change' : 'changes'}`;
}

/** What the server is to do, in one revision. */
export function patchOf(drafts: Drafts): { set: Record<string, string>; delete: string[] } {
  const set: [string, string][] = [];
  const removed: string[] = [];
  for (const [key, draft] of drafts) {
    if (draft.kind === 'set') set.push([key, draft.value]);
    else removed.push(key);
  }
  return { set: Object.fromEntries(set), delete: removed };
}

/** What is left once some drafts are saved: what was typed since, which rests on what is saved by now. */
export function leftAfter(sent: Drafts, drafts: Drafts, now: Keys): Drafts {
  const left = [...drafts].filter(([key, draft]) => draft !== sent.get(key));
  return new Map(left.map(([key, draft]) => [key, sent.has(key) ? { ...draft, base: now.meta[key] } : draft]));
}

/** The keys of drafts that rest on another value of this config than it has by now. What others do to the rest is no conflict. */
export function conflictsOf(now: Keys, drafts: Drafts): string[] {
  return [...drafts]
    .filter(([key, { base }]) => ownValue(base) !== ownValue(now.meta[key]))
    .map(([key]) => key)
    .sort();
}

/** The keys whose value or origin is another one than before. */
export function changedBetween(before: Keys, now: Keys): string[] {
  const all = new Set([...Object.keys(before.meta), ...Object.keys(now.meta)]);
  return [...all].filter((key) => anyValue(before.meta[key]) !== anyValue(now.meta[key]));
}

/** Tells the config's own value apart from any other that it had, without knowing one. */
function ownValue(meta: Meta | undefined): string | undefined {
  return meta === undefined || meta.inherited ? undefined : anyValue(meta);
}

function anyValue(meta: Meta | undefined): string | undefined {
  return meta && `${meta.source} ${meta.version} ${meta.updatedAt}`;
}

const MOST_BYTES = 64 * 1024;

/** Why a value cannot be kept, or nothing. */
export function problemWithValue(value: string): string | null {
  // A character has three bytes at most for each of its UTF-16 units.
  const bytes = value.length * 3 <= MOST_BYTES ? 0 : new TextEncoder().encode(value).length;
  if (bytes > MOST_BYTES) return `This is ${Math.ceil(bytes / 1024)} KiB long, and a value has 64 KiB at most`;
  return value.includes('\0') ? 'A value cannot hold a NUL character' : null;
}

/** Why a new key cannot be called so, or nothing. */
export function problemWithKey(key: string): string | null {
  if (/^[0-9]/.test(key)) return 'A key does not start with a digit';
  if (!/^[A-Z0-9_]{1,253}$/.test(key)) return 'A key has capital letters, digits and _ only';
  return null;
}

/** What is wrong with a value, by the server's code, and the way out. */
export function wordsForProblem(code: string): string {
  switch (code) {
    case 'broken_reference_unresolved':
      return 'Refers to a key that is not there: edit the value, or add the key';
    case 'broken_reference_cycle_or_depth':
      return 'Its references go in a circle, or too far: edit the value';
    default:
      return 'Its references cannot be followed: edit the value';
  }
}
