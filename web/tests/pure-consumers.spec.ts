import { expect, test } from '@playwright/test';

import { consumersSearch } from '../src/components/consumers/address.ts';
import { againIn, headline, isDone } from '../src/components/consumers/words.ts';

const counts = (current: number, total: number, ended = 0) => ({ current, total, ended, revision: 812 });

test('how far a revision has come is told in a sentence', () => {
  expect(headline(counts(3, 4))).toBe('3 of 4 have revision 812');
  expect(headline(counts(4, 4))).toBe('All 4 have revision 812');
  expect(headline(counts(0, 4))).toBe('None of 4 has revision 812 yet');
  expect(headline(counts(1, 1))).toBe('It has revision 812');
  expect(headline(counts(0, 1))).toBe('It does not have revision 812 yet');
});

test('who cannot report any more is counted apart, and not waited for', () => {
  expect(headline(counts(2, 3, 1))).toBe('All 2 have revision 812; 1 more cannot report any more');
  expect(headline(counts(1, 2, 1))).toBe('All 1 have revision 812; 1 more cannot report any more');
  expect(headline(counts(1, 3, 1))).toBe('1 of 2 have revision 812; 1 more cannot report any more');
  expect(headline(counts(0, 2, 2))).toBe('None of 2 can report any more');
  expect(againIn(counts(2, 3, 1))).toBe(false);
  expect([isDone(counts(2, 3, 1)), isDone(counts(1, 3, 1)), isDone(counts(0, 2, 2))]).toEqual([true, false, false]);
});

test('a list is asked for again soon while somebody is behind, and not once nobody is', () => {
  expect(againIn(undefined)).toBe(false);
  expect(againIn(counts(4, 4))).toBe(false);
  expect(againIn(counts(3, 4))).toBe(2_000);
  expect(againIn(counts(0, 0))).toBe(10_000);
});

test('an address that makes no sense shows everybody', () => {
  expect(consumersSearch({ state: 'behind' })).toEqual({ state: 'behind' });
  expect(consumersSearch({ state: 'current' })).toEqual({});
  expect(consumersSearch({ state: ['behind'] })).toEqual({});
});
