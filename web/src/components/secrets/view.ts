// Which rows the table shows, as the page's address has it.

import type { Row } from './drafts.ts';

const ORIGINS = ['own', 'inherited', 'overrides', 'problems'] as const;

export type Origin = (typeof ORIGINS)[number];

/** Names alone: no value is ever a part of an address. */
export interface View {
  /** A part of the keys. */
  filter?: string;
  /** All, unless told. */
  origin?: Origin;
}

/** Takes from an address what the table understands, and nothing else. */
export function viewOf(search: Record<string, unknown>): View {
  const { filter, origin } = search;
  const known = ORIGINS.find((one) => one === origin);
  return {
    // What looks like a number is one in a parsed address.
    ...((typeof filter === 'string' || typeof filter === 'number') && filter !== '' ? { filter: String(filter) } : {}),
    ...(known === undefined ? {} : { origin: known }),
  };
}

export function isOf(origin: Origin | undefined, { meta }: Row): boolean {
  switch (origin) {
    case undefined:
      return true;
    case 'own':
      return meta === undefined || !meta.inherited;
    case 'inherited':
      return meta?.inherited === true;
    case 'overrides':
      return meta?.overrides != null;
    case 'problems':
      return meta?.problem != null;
  }
}

export function isLike(filter: string, { key }: Row): boolean {
  return key.toUpperCase().includes(filter.trim().toUpperCase());
}
