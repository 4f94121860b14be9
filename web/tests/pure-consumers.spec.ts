import { expect, test } from '@playwright/test';

import { consumersSearch } from '../src/components/consumers/address.ts';
import { againIn, headline } from '../src/components/consumers/words.ts';

const counts = (current: number, total: number) => ({ current, total, revision: 812 });

test('how far a revision has come is told in a sentence', () => {
  expect(headline(counts(3, 4))).toBe('3 of 4 have revision 812');
  expect(headline(counts(4, 4))).toBe('All 4 have revision 812');
  expect(headline(counts(0, 4))).toBe('None of 4 has revision 812 yet');
  expect(headline(counts(1, 1))).toBe('It has revision 812');
  expect(headline(counts(0, 1))).toBe('It does not have revision 812 yet');
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
