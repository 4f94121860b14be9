import { expect, test } from '@playwright/test';

import type { Keys } from '../src/api/queries.ts';
import { chosen, openedAt, optionsFor } from '../src/components/secrets/completion.ts';
import {
  changedBetween,
  conflictsOf,
  type Drafts,
  leftAfter,
  patchOf,
  problemWithKey,
  problemWithValue,
  rowsOf,
  summary,
} from '../src/components/secrets/drafts.ts';
import { brokenLines, formatOf, isLikeFile } from '../src/components/secrets/formats.ts';
import { withKept } from '../src/components/secrets/kept.ts';
import { hasReference, piecesOf } from '../src/components/secrets/references.ts';
import { isLike, isOf, viewOf } from '../src/components/secrets/view.ts';

type Meta = Keys['meta'][string];

const own = (version: number, more: Partial<Meta> = {}): Meta =>
  ({
    updatedAt: `2026-01-0${version}T00:00:00Z`,
    updatedBy: 'bob',
    iconSource: 'auto',
    source: 'prod',
    inherited: false,
    version,
    references: [],
    ...more,
  }) as Meta;
const inherited = (version: number) => own(version, { inherited: true, source: 'base' });
const keys = (revision: number, meta: Keys['meta']): Keys => ({ etag: `"e.${revision}"`, revision, meta });

const base = keys(5, { OLD: own(1), OWN: own(1), OVER: inherited(1), REST: own(1) });
const drafts: Drafts = new Map([
  ['OWN', { kind: 'set', value: 'x', base: base.meta['OWN'] }],
  ['OVER', { kind: 'set', value: 'y', base: base.meta['OVER'] }],
  ['NEW', { kind: 'set', value: '', base: undefined }],
  ['OLD', { kind: 'remove', base: base.meta['OLD'] }],
]);

test('changes are summed up, and a value that hides an inherited one is new', () => {
  expect(summary(base, drafts)).toBe('4 changes not saved: 2 new, 1 changed, 1 removed');
  expect(summary(base, new Map([['OWN', { kind: 'remove', base: undefined }]]))).toBe('1 change not saved: 1 removed');
});

test('a new key stands where it will, and one that is being typed stays', () => {
  expect(rowsOf(base, drafts).map(({ key }) => key)).toEqual(['NEW', 'OLD', 'OVER', 'OWN', 'REST']);
  expect(rowsOf(keys(1, {}), new Map(), 'GONE').map(({ key }) => key)).toEqual(['GONE']);
});

test('all changes are one patch', () => {
  expect(patchOf(drafts)).toEqual({ set: { OWN: 'x', OVER: 'y', NEW: '' }, delete: ['OLD'] });
});

test('what is typed while something is saved stays, and rests on what was saved', () => {
  const later = new Map([...drafts, ['OWN', { kind: 'set', value: 'later', base: own(1) }], ['MORE', { kind: 'remove', base: own(1) }]] as const);
  const now = keys(6, { ...base.meta, OWN: own(2) });
  const left = leftAfter(drafts, later, now);
  expect([...left.keys()]).toEqual(['OWN', 'MORE']);
  expect(left.get('OWN')).toEqual({ kind: 'set', value: 'later', base: own(2) });
  expect(conflictsOf(keys(6, { ...now.meta, MORE: own(1) }), left)).toEqual([]);
  expect(leftAfter(drafts, drafts, now).size).toBe(0);
});

test('a conflict is about keys that both changed, and about nothing else', () => {
  expect(conflictsOf(base, drafts)).toEqual([]);
  expect(conflictsOf(keys(6, { ...base.meta, REST: own(2), OVER: inherited(2) }), drafts)).toEqual([]);
  const { OLD: _, ...left } = base.meta;
  expect(conflictsOf(keys(7, { ...left, OWN: own(3), NEW: own(2) }), drafts)).toEqual(['NEW', 'OLD', 'OWN']);
  expect(conflictsOf(keys(8, { ...base.meta, OWN: inherited(1), OVER: own(2) }), drafts)).toEqual(['OVER', 'OWN']);
});

test('what changed elsewhere is told by key, inherited values included', () => {
  expect(changedBetween(base, base)).toEqual([]);
  const { OLD: _, ...left } = base.meta;
  expect(changedBetween(base, keys(6, { ...left, OVER: inherited(2), MORE: own(1) }))).toEqual(['OLD', 'OVER', 'MORE']);
});

test('a key that the server would refuse is told before', () => {
  for (const good of ['A', 'DATABASE_URL', '_9']) expect(problemWithKey(good)).toBeNull();
  for (const bad of ['', '9A', 'A-B', 'a', 'Ä', 'A'.repeat(254)]) expect(problemWithKey(bad)).not.toBeNull();
});

test('a value is measured in bytes', () => {
  for (const good of ['', 'a'.repeat(65_536), 'ä'.repeat(32_768), '🔑'.repeat(16_384)]) {
    expect(problemWithValue(good)).toBeNull();
  }
  expect(problemWithValue('ä'.repeat(32_769))).toBe('This is 65 KiB long, and a value has 64 KiB at most');
  expect(problemWithValue('a\0b')).toBe('A value cannot hold a NUL character');
});

test('references lead to their places, and what only looks like one is text', () => {
  const here = { project: 'shop', config: 'prod' };
  const read = (value: string) =>
    piecesOf(value, here).map(({ text, to }) => (to ? `<${to.project}/${to.config}/${to.key}>` : text));
  expect(read('a${KEY}b')).toEqual(['a', '<shop/prod/KEY>', 'b']);
  expect(read('${base.KEY}${web.dev.KEY}')).toEqual(['<shop/base/KEY>', '<web/dev/KEY>']);
  expect(read('$${KEY} ${a b} ${ $KEY')).toEqual(['$${KEY} ${a b} ${ $KEY']);
  expect(read('')).toEqual([]);
  expect(hasReference('$${KEY}')).toBe(false);
  expect(hasReference('x${KEY}')).toBe(true);
});

test('an address tells what the table shows, and what it does not understand is nothing', () => {
  expect(viewOf({ filter: 'DB', origin: 'own', more: 1 })).toEqual({ filter: 'DB', origin: 'own' });
  expect(viewOf({ filter: 42, origin: 'none' })).toEqual({ filter: '42' });
  expect(viewOf({ filter: '', origin: ['own'] })).toEqual({});
  const row = (meta: Meta | undefined) => ({ key: 'DATABASE_URL', meta, draft: undefined });
  expect(isLike(' database', row(undefined))).toBe(true);
  expect(isLike('x', row(undefined))).toBe(false);
  expect([isOf('own', row(undefined)), isOf('own', row(inherited(1))), isOf('inherited', row(inherited(1)))]).toEqual([
    true,
    false,
    true,
  ]);
  expect([isOf('overrides', row(own(1, { overrides: 'base' }))), isOf('problems', row(own(1)))]).toEqual([true, false]);
});

test('rows that hold something are drawn wherever the page is', () => {
  expect(withKept([5, 6, 7], [2, 6, -1, 99], 50)).toEqual([2, 5, 6, 7]);
});

test('what follows ${ is completed, and what only looks like one is not', () => {
  const query = (text: string) => openedAt(text, text.length)?.query;
  expect([query('a${'), query('${DB_'), query('${web.pr'), query('${A}${b')]).toEqual(['', 'DB_', 'web.pr', 'b']);
  expect([query('$'), query('$${'), query('${A}'), query('${a b'), query('')]).toEqual(Array(5).fill(undefined));
  expect(openedAt('${DB_} and more', 4)?.query).toBe('DB');
});

test('keys come first, then places, and those that begin like what is typed before the rest', () => {
  const names = { keys: ['MY_DB', 'DB_URL', 'PORT'], configs: ['base', 'db'], projects: ['web'] };
  const texts = (query: string) => optionsFor(query, names).map(({ text }) => text);
  expect(texts('')).toEqual(['DB_URL', 'MY_DB', 'PORT', 'base.', 'db.', 'web.']);
  expect(texts('db')).toEqual(['DB_URL', 'MY_DB', 'db.']);
  expect(optionsFor('base.po', { ...names, configs: [], projects: [] })).toEqual([{ text: 'base.PORT', isWhole: true }]);
});

test('an option takes the place of what was typed, and a reference is closed once', () => {
  const after = (text: string, caret: number, option: string, isWhole: boolean) => {
    const opened = openedAt(text, caret);
    return opened && chosen(text, caret, opened, { text: option, isWhole });
  };
  expect(after('a${D', 4, 'DB', true)).toEqual({ text: 'a${DB}', caret: 6 });
  expect(after('a${D}z', 4, 'DB', true)).toEqual({ text: 'a${DB}z', caret: 6 });
  expect(after('${b', 3, 'base.', false)).toEqual({ text: '${base.', caret: 7 });
});

test('a file is taken for what its name says, or else for what it looks like', () => {
  expect([formatOf('A: b', '.env.local'), formatOf('', 'a.YML'), formatOf('A=1', 'x.json')]).toEqual(['env', 'yaml', 'json']);
  expect([formatOf(' {"A": "b"}'), formatOf('# a\nA: b\n'), formatOf('---\nA: b'), formatOf('URL=http: //x')]).toEqual([
    'json',
    'yaml',
    'yaml',
    'env',
  ]);
  for (const file of ['A=1', 'export A=1', '# x\nA: b', '{"A":"b"}']) expect(isLikeFile(file), file).toBe(true);
  for (const text of ['', 'a word', 'https://example.org/?a=b', 'Dear all,\nsee below']) expect(isLikeFile(text), text).toBe(false);
});

test('what is broken in a file is told in the order of its lines', () => {
  expect(brokenLines({ 'line 10': 'b', 'line 9': 'a', format: 'x' })).toEqual([
    { line: 9, problem: 'a' },
    { line: 10, problem: 'b' },
  ]);
});
