import { expect, test } from '@playwright/test';

import { between, historySearch } from '../src/components/history/address.ts';
import { textOf, wordsForRevision } from '../src/components/record/changes.ts';
import { byDay } from '../src/components/record/days.ts';
import { type Line, linesOf, type Piece } from '../src/components/record/lines.ts';

const set = (key: string) => ({ kind: 'secret_set', key, version: 1 });
const removed = (key: string) => ({ kind: 'secret_deleted', key });

test('a revision is told in a sentence that names its keys, and counts them where they are many', () => {
  const said = (action: string, ...changes: { kind: string; key?: string }[]) => textOf(wordsForRevision(action, changes));
  expect(said('secrets.write', set('A'))).toBe('Set A');
  expect(said('secrets.write', set('A'), set('B'), removed('OLD'))).toBe('Set A and B, removed OLD');
  expect(said('secrets.delete', removed('OLD'))).toBe('Removed OLD');
  expect(said('secrets.write', ...['A', 'B', 'C', 'D', 'E'].map(set))).toBe('Set A, B, C, D and E');
  expect(said('secrets.write', ...['A', 'B', 'C', 'D', 'E', 'F'].map(set))).toBe('Set A, B, C, D and 2 more');
  expect(said('secrets.rollback', set('A'), removed('B'))).toBe('Rolled back: set A, removed B');
  expect(said('secrets.promote', set('A'))).toBe('Promoted from another config: set A');
  expect(said('configs.write', { kind: 'config_added' })).toBe('Made the config');
  expect(said('configs.clone', { kind: 'config_added' }, set('A'))).toBe('Cloned from another config: set A');
  expect(said('configs.update', { kind: 'config_reparented' })).toBe('Changed what it inherits from');
  expect(said('configs.update', { kind: 'config_updated' }, { kind: 'config_reparented' })).toBe(
    'Renamed the config, changed what it inherits from',
  );
  expect(said('something.new', { kind: 'unheard_of' })).toBe('Something.new');
});

test('what happened stands under its day', () => {
  const now = new Date('2026-03-02T12:00:00');
  const days = (...times: string[]) =>
    byDay(times.map((time) => new Date(time).toISOString()), (at) => at, now).map(({ title, items }) => `${title}: ${items.length}`);
  expect(days()).toEqual([]);
  expect(days('2026-03-02T11:00:00', '2026-03-02T00:00:00', '2026-03-01T23:59:59', '2026-02-28T10:00:00', '2025-02-28T10:00:00')).toEqual([
    'Today: 2',
    'Yesterday: 1',
    'Saturday, 28 February: 1',
    'Friday, 28 February 2025: 1',
  ]);
});

const side = (pieces: Piece[] | null) => pieces && pieces.map(({ text, isMarked }) => (isMarked ? `[${text}]` : text)).join('');
const drawn = (before: string | null, after: string | null) =>
  linesOf(before, after).map((line: Line) => [side(line.before), side(line.after)]);

test('only what differs within a line is marked', () => {
  expect(drawn('postgres://db-1/shop?ssl=on', 'postgres://db-2/shop?ssl=on')).toEqual([
    ['postgres://db-[1]/shop?ssl=on', 'postgres://db-[2]/shop?ssl=on'],
  ]);
  expect(drawn('a b', 'a b')).toEqual([['a b', 'a b']]);
  expect(drawn('grün', 'grün 🙂')).toEqual([['grün', 'grün[ 🙂]']]);
  expect(drawn('', 'x')).toEqual([['', '[x]']]);
});

test('lines that were added or removed stand alone, and what is around them is the same', () => {
  expect(drawn('a\nb\nc', 'a\nc')).toEqual([['a', 'a'], ['[b]', null], ['c', 'c']]);
  expect(drawn('a\nc', 'a\nb\nc\nd')).toEqual([['a', 'a'], [null, '[b]'], ['c', 'c'], [null, '[d]']]);
  expect(drawn('x=1\ny=2\nz=3', 'x=1\ny=5\nz=3')).toEqual([['x=1', 'x=1'], ['y=[2]', 'y=[5]'], ['z=3', 'z=3']]);
});

test('what is there on one side only has no other side', () => {
  expect(drawn(null, 'a\nb')).toEqual([[null, '[a]'], [null, '[b]']]);
  expect(drawn('', null)).toEqual([['[]', null]]);
});

test('each side of a difference is the whole text of its side, whatever the texts are', () => {
  const alphabet = ['a', 'b', ' ', '\n', '=', 'é'];
  let seed = 7;
  const random = (most: number) => (seed = (seed * 16807) % 2147483647) % most;
  const text = () => Array.from({ length: random(40) }, () => alphabet[random(alphabet.length)]).join('');
  for (let round = 0; round < 500; round += 1) {
    const [before, after] = [text(), text()];
    const lines = linesOf(before, after);
    const of = (pick: (line: Line) => Piece[] | null) =>
      lines.flatMap((line) => pick(line)?.map((piece) => piece.text).join('') ?? []).join('\n');
    expect(of((line) => line.before)).toBe(before);
    expect(of((line) => line.after)).toBe(after);
  }
});

test('two long texts that have nothing in common are compared at once', () => {
  const long = (word: string) => Array.from({ length: 30_000 }, (_, line) => `${word}${line}`).join('\n');
  expect(linesOf(long('a'), long('b'))).toHaveLength(30_000);
});

test('an address that makes no sense shows the whole history', () => {
  expect(historySearch({ key: 'A', from: 12, to: 15, rollback: 3 })).toEqual({ key: 'A', from: 12, to: 15, rollback: 3 });
  expect(historySearch({ key: 7, from: '12', to: 15, other: 'x' })).toEqual({ key: '7' });
  expect(historySearch({ key: 'a value', from: -1, rollback: 1.5 })).toEqual({});
  expect(historySearch({ to: 15 })).toEqual({});
  expect(between(15, 12)).toEqual({ from: 12, to: 15 });
});
