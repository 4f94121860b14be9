// What was typed and is not saved: pure functions over it.

import type { Keys } from '../../api/queries.ts';

export type Draft = { kind: 'set'; value: string } | { kind: 'remove' };
export type Drafts = ReadonlyMap<string, Draft>;

type Meta = Keys['meta'][string];

export interface Row {
  key: string;
  meta: Meta | undefined;
  draft: Draft | undefined;
}

export type Origin = 'all' | 'own' | 'inherited' | 'overrides';

/** The rows of the table: what there is, and what is to be. New keys stand where they will. */
export function rowsOf(keys: Keys, drafts: Drafts): Row[] {
  const names = new Set([...Object.keys(keys.meta), ...drafts.keys()]);
  return [...names].sort().map((key) => ({ key, meta: keys.meta[key], draft: drafts.get(key) }));
}

export function isOf(origin: Origin, { meta }: Row): boolean {
  switch (origin) {
    case 'all':
      return true;
    case 'own':
      return meta === undefined || !meta.inherited;
    case 'inherited':
      return meta?.inherited === true;
    case 'overrides':
      return meta?.overrides != null;
  }
}

/** Says `3 changes not saved: 1 new, 1 changed, 1 removed`. */
export function summary(keys: Keys, drafts: Drafts): string {
  let [added, changed, removed] = [0, 0, 0];
  for (const [key, draft] of drafts) {
    const meta = keys.meta[key];
    if (draft.kind === 'remove') removed += 1;
    else if (meta === undefined || meta.inherited) added += 1;
    else changed += 1;
  }
  const parts = [`${added} new`, `${changed} changed`, `${removed} removed`].filter((part) => !part.startsWith('0'));
  return `${drafts.size} ${drafts.size === 1 ? 'change' : 'changes'} not saved: ${parts.join(', ')}`;
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

/** What others did since the drafts were begun. */
export interface Conflict {
  revision: number;
  /** Who saved last, where that can be told: of what was removed, nobody can be named here. */
  by: string | undefined;
  at: string | undefined;
  /** Keys that they changed and that are changed here, too. */
  keys: string[];
}

export function conflictOf(base: Keys, now: Keys, drafts: Drafts): Conflict | null {
  if (base.etag === now.etag) return null;
  const all = new Set([...Object.keys(base.meta), ...Object.keys(now.meta)]);
  const changed = [...all].filter((key) => !isSame(base.meta[key], now.meta[key]));
  const latest = changed
    .map((key) => now.meta[key])
    .filter((meta) => meta !== undefined)
    .sort((one, other) => other.updatedAt.localeCompare(one.updatedAt))[0];
  return {
    revision: now.revision,
    by: latest?.updatedBy,
    at: latest?.updatedAt,
    keys: changed.filter((key) => drafts.has(key)).sort(),
  };
}

function isSame(one: Meta | undefined, other: Meta | undefined): boolean {
  return one?.source === other?.source && one?.version === other?.version && one?.updatedAt === other?.updatedAt;
}

/** Why a new key cannot be called so, or nothing. */
export function problemWithKey(key: string): string | null {
  if (/^[0-9]/.test(key)) return 'A key does not start with a digit';
  if (!/^[A-Z0-9_]{1,253}$/.test(key)) return 'A key has capital letters, digits and _ only';
  return null;
}
