// What the grid shows of a project: pure functions over what the server tells of it.

import type { Cell, Grid } from '../../api/compare.ts';
import { inTree } from '../projects/tree.ts';
import { type CompareSearch, hiddenOf } from './address.ts';

/** A config that is shown. */
export interface Column {
  slug: string;
  /** Where each row has its cell. */
  index: number;
  /** How many configs it is below one that inherits from nothing. */
  depth: number;
  parent: string | null;
}

export interface Row {
  key: string;
  /** One for each column. */
  cells: Cell[];
}

/** The configs in the order of inheritance, without those that are hidden. */
export function columnsOf(grid: Grid, configs: { slug: string; parentSlug?: string | null }[], search: CompareSearch): Column[] {
  const known = new Map(configs.map((config) => [config.slug, config]));
  const all = grid.configs.map((slug) => known.get(slug) ?? { slug, parentSlug: null });
  const hidden = hiddenOf(search);
  return inTree(all)
    .filter(({ config }) => !hidden.includes(config.slug))
    .map(({ config, depth }) => ({
      slug: config.slug,
      index: grid.configs.indexOf(config.slug),
      depth,
      parent: config.parentSlug ?? null,
    }));
}

/** The rows that the search leaves, of the columns that are shown. */
export function rowsOf(grid: Grid, columns: Column[], { filter, differs, missing }: CompareSearch): Row[] {
  const wanted = filter?.trim().toUpperCase() ?? '';
  const missingIn = grid.configs.indexOf(missing ?? '');
  const rows: Row[] = [];
  for (const { key, cells } of grid.rows) {
    if (!key.toUpperCase().includes(wanted)) continue;
    if (missingIn >= 0 && cells[missingIn]?.state !== 'missing') continue;
    const seen = columns.flatMap(({ index }) => cells[index] ?? []);
    if (differs === true && !isUneven(seen)) continue;
    rows.push({ key, cells: seen });
  }
  return rows;
}

/** Whether a key has more than one value, or has one here and none there. Of values that may not be read nothing is known. */
export function isUneven(cells: Cell[]): boolean {
  const missing = cells.filter(({ state }) => state === 'missing').length;
  return (missing > 0 && missing < cells.length) || new Set(cells.flatMap(({ group }) => group ?? [])).size > 1;
}

/** Which of the values in a row each cell has, counted in the order of the columns; `null` where all have the same. */
export function variantsOf(cells: Cell[]): (number | null)[] {
  const groups = [...new Set(cells.flatMap(({ group }) => group ?? []))];
  return cells.map(({ group }) => (groups.length > 1 && group != null ? groups.indexOf(group) : null));
}

export const SIGNS = {
  own: { sign: '●', word: 'own' },
  inherited: { sign: '○', word: 'inherited' },
  overridden: { sign: '◐', word: 'overrides' },
  missing: { sign: '–', word: 'missing' },
  broken: { sign: '!', word: 'problem' },
} as const;

export function signOf({ state, broken }: Cell): keyof typeof SIGNS {
  if (broken) return 'broken';
  return state in SIGNS ? (state as keyof typeof SIGNS) : 'missing';
}

/** Which value it is, for those who tell tints apart and for those who do not: `a`, `b`, … */
export function letterOf(variant: number | null): string {
  if (variant === null) return '';
  return variant < 26 ? String.fromCharCode(97 + variant) : String(variant + 1);
}

/** What a cell is, for whoever does not see its sign: `overrides base, value b`. */
export function wordsFor(cell: Cell, variant: number | null): string {
  const letter = letterOf(variant);
  return [standingOf(cell), cell.broken ? 'with a problem' : '', letter === '' ? '' : `value ${letter}`]
    .filter((part) => part !== '')
    .join(', ');
}

export function standingOf({ state, source, overrides }: Cell): string {
  switch (state) {
    case 'inherited':
      return `inherited from ${source ?? 'above'}`;
    case 'overridden':
      return `overrides ${overrides ?? 'another'}`;
    default:
      return state;
  }
}

/** A key that is not the same in two configs. */
export interface Difference {
  key: string;
  state: 'new' | 'changed' | 'removed';
  before: Cell;
  after: Cell;
}

/** What makes one config differ from another, on the way from the first to the second. */
export function differencesOf(grid: Grid, from: string, to: string): Difference[] {
  const [one, other] = [grid.configs.indexOf(from), grid.configs.indexOf(to)];
  return grid.rows.flatMap(({ key, cells }): Difference[] => {
    const [before, after] = [cells[one], cells[other]];
    if (before === undefined || after === undefined || !isUneven([before, after])) return [];
    const state = before.state === 'missing' ? 'new' : after.state === 'missing' ? 'removed' : 'changed';
    return [{ key, state, before, after }];
  });
}
