import { expect, test } from '@playwright/test';

import type { Cell, Grid } from '../src/api/compare.ts';
import { changed, compareSearch, hiddenOf } from '../src/components/compare/address.ts';
import { columnsOf, differencesOf, isUneven, letterOf, rowsOf, signOf, variantsOf, wordsFor } from '../src/components/compare/grid.ts';
import { summaryOf } from '../src/components/compare/promotion.ts';
import { moved } from '../src/components/compare/steps.ts';

const cell = (state: string, group: number | null = state === 'missing' ? null : 0, more: Partial<Cell> = {}): Cell => ({
  config: 'any',
  state,
  broken: false,
  group,
  ...more,
});

const configs = [
  { slug: 'prod', parentSlug: 'base' },
  { slug: 'dev', parentSlug: 'base' },
  { slug: 'base', parentSlug: null },
];

const grid: Grid = {
  configs: ['base', 'dev', 'prod'],
  rows: [
    { key: 'SAME', cells: [cell('own'), cell('inherited'), cell('inherited')] },
    { key: 'OTHER', cells: [cell('own'), cell('inherited'), cell('overridden', 1)] },
    { key: 'DEV_ONLY', cells: [cell('missing'), cell('own'), cell('missing')] },
  ],
};

const keys = (search: Parameters<typeof rowsOf>[2]) => rowsOf(grid, columnsOf(grid, configs, search), search).map(({ key }) => key);

test('configs stand in the order of inheritance, without those that are hidden', () => {
  expect(columnsOf(grid, configs, {}).map(({ slug, index, depth }) => [slug, index, depth])).toEqual([
    ['base', 0, 0],
    ['dev', 1, 1],
    ['prod', 2, 1],
  ]);
  expect(columnsOf(grid, configs, { hide: 'base,nope' }).map(({ slug }) => slug)).toEqual(['dev', 'prod']);
});

test('keys are narrowed by their names, by what differs, and by where they are missing', () => {
  expect(keys({})).toEqual(['SAME', 'OTHER', 'DEV_ONLY']);
  expect(keys({ filter: 'o' })).toEqual(['OTHER', 'DEV_ONLY']);
  expect(keys({ differs: true })).toEqual(['OTHER', 'DEV_ONLY']);
  expect(keys({ missing: 'prod' })).toEqual(['DEV_ONLY']);
  // What differs is told of the columns that are shown.
  expect(keys({ differs: true, hide: 'prod' })).toEqual(['DEV_ONLY']);
  expect(keys({ missing: 'prod', hide: 'prod' })).toEqual(['DEV_ONLY']);
});

test('a row is uneven where values differ or are missing, and nothing is said of what may not be read', () => {
  expect(isUneven([cell('own', 0), cell('own', 1)])).toBe(true);
  expect(isUneven([cell('own', 0), cell('missing')])).toBe(true);
  expect(isUneven([cell('missing'), cell('missing')])).toBe(false);
  expect(isUneven([cell('own', 0), cell('own', null)])).toBe(false);
});

test('values of a row are told apart by letters, and a row with one value has none', () => {
  expect(variantsOf([cell('own', 4), cell('missing'), cell('own', 2), cell('own', 4)])).toEqual([0, null, 1, 0]);
  expect(variantsOf([cell('own', 1), cell('inherited', 1)])).toEqual([null, null]);
  expect([null, 0, 25, 26].map(letterOf)).toEqual(['', 'a', 'z', '27']);
});

test('a cell is told in words to those who do not see its sign', () => {
  expect(wordsFor(cell('overridden', 1, { overrides: 'base' }), 1)).toBe('overrides base, value b');
  expect(wordsFor(cell('inherited', 0, { source: 'base' }), null)).toBe('inherited from base');
  expect(wordsFor(cell('own', 0, { broken: true }), null)).toBe('own, with a problem');
  expect(wordsFor(cell('missing'), null)).toBe('missing');
  expect(signOf(cell('own', 0, { broken: true }))).toBe('broken');
  expect(signOf(cell('unheard of'))).toBe('missing');
});

test('two configs differ in what one has and the other has not, or has otherwise', () => {
  const found = (from: string, to: string) => differencesOf(grid, from, to).map(({ key, state }) => `${key} ${state}`);
  expect(found('dev', 'prod')).toEqual(['OTHER changed', 'DEV_ONLY removed']);
  expect(found('prod', 'dev')).toEqual(['OTHER changed', 'DEV_ONLY new']);
  expect(found('base', 'gone')).toEqual([]);
});

test('the keyboard moves within the grid, and never to its corner', () => {
  const size = { rows: 100, columns: 3 };
  const from = (row: number, column: number, key: string, isFar = false) => {
    const to = moved({ row, column }, key, isFar, size);
    return to && [to.row, to.column];
  };
  expect(from(0, 0, 'ArrowRight')).toEqual([0, 1]);
  expect(from(0, 2, 'ArrowRight')).toEqual([0, 2]);
  expect(from(0, 0, 'ArrowUp')).toEqual([-1, 0]);
  expect(from(0, -1, 'ArrowUp')).toEqual([0, -1]);
  expect(from(-1, 0, 'ArrowLeft')).toEqual([-1, 0]);
  expect(from(95, 0, 'PageDown')).toEqual([99, 0]);
  expect(from(5, 2, 'PageUp')).toEqual([0, 2]);
  expect(from(5, 2, 'Home')).toEqual([5, -1]);
  expect(from(5, 0, 'End', true)).toEqual([99, 2]);
  expect(from(5, 0, 'x')).toBeNull();
});

test('an address holds names alone, and what makes no sense is left out', () => {
  expect(compareSearch({ filter: 7, differs: true, missing: 'prod', hide: 'a,b', from: 'a', to: 'b' })).toEqual({
    filter: '7',
    differs: true,
    missing: 'prod',
    hide: 'a,b',
    from: 'a',
    to: 'b',
  });
  expect(compareSearch({ filter: '', differs: 'yes', missing: 'Not A Slug', to: 'b', value: 'x' })).toEqual({});
  expect(changed({ filter: 'a', hide: 'b' }, { filter: '', differs: true })).toEqual({ hide: 'b', differs: true });
  expect(hiddenOf({ hide: 'a,,b' })).toEqual(['a', 'b']);
});

test('a promotion is summed up', () => {
  const key = (change: string) => ({ key: 'A', change, overridesInherited: false });
  const said = (...changes: string[]) => summaryOf(changes.map(key), { from: 'dev', to: 'prod', keys: [] });
  expect(said('new', 'new', 'changed')).toBe('2 new and 1 changed in prod.');
  expect(said('changed', 'same')).toBe('1 changed in prod; 1 is the same already.');
  expect(said('same')).toBe('Nothing would change in prod.');
});
