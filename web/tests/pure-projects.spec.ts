import { expect, test } from '@playwright/test';

import { originOf, ownPlaces, rolesOf } from '../src/components/account/rights.ts';
import { progressOf } from '../src/components/projects/steps.ts';

const base = { slug: 'base', parentSlug: null, keys: 0 };
const prod = { slug: 'prod', parentSlug: 'base', keys: 0 };

test('each step follows from what there is', () => {
  const shop = (...configs: (typeof base | typeof prod)[]) => [{ slug: 'shop', configs }];
  expect(progressOf([], 0)).toMatchObject({ next: 'project', project: null });
  expect(progressOf(shop(), 0)).toMatchObject({ next: 'config', project: 'shop' });
  expect(progressOf(shop(base), 0)).toMatchObject({ next: 'heir', config: 'base' });
  expect(progressOf(shop(prod, base), 0)).toMatchObject({ next: 'secret', config: 'base' });
  expect(progressOf(shop({ ...base, keys: 1 }, prod), 0)).toMatchObject({ next: 'token', config: 'prod' });
  expect(progressOf(shop({ ...base, keys: 1 }, prod), 1).next).toBeNull();
});

test('steps that were taken in another order are done all the same', () => {
  const { steps, next } = progressOf([{ slug: 'shop', configs: [{ ...base, keys: 3 }] }], 2);
  expect(steps.filter(({ isDone }) => isDone).map(({ name }) => name)).toEqual(['project', 'config', 'secret', 'token']);
  expect(next).toBe('heir');
});

test('rights that count everywhere are not told again for each project', () => {
  const globalActions = ['workspace:members:read'];
  const more = { project: 'shop', role: 'viewer', sources: [], actions: ['secrets:read', 'workspace:members:read'] };
  const same = { project: 'web', role: 'none', sources: [], actions: globalActions };
  expect(ownPlaces({ globalActions, projects: [more, same] })).toEqual([more]);
  const sources = [
    { kind: 'workspace', role: 'viewer' },
    { kind: 'default', role: 'none' },
    { kind: 'group', role: 'admin', group: 'developers' },
  ];
  expect(rolesOf(sources).map(originOf)).toEqual(['admin by the group developers']);
});
