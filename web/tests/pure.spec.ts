import { expect, test } from '@playwright/test';

import { allows } from '../src/api/permissions.ts';
import { inTree } from '../src/components/projects/tree.ts';
import { conflictOf, type Drafts, patchOf, problemWithKey, rowsOf, summary } from '../src/components/secrets/drafts.ts';
import type { Keys } from '../src/api/queries.ts';
import { ago } from '../src/ui/when.ts';

const own = (version: number, more: Partial<Keys['meta'][string]> = {}): Keys['meta'][string] => ({
  updatedAt: `2026-01-0${version}T00:00:00Z`,
  updatedBy: 'bob',
  iconSource: 'auto',
  source: 'prod',
  inherited: false,
  version,
  ...more,
});

const keys = (revision: number, meta: Keys['meta']): Keys => ({ etag: `"e.${revision}"`, revision, meta });

const drafts: Drafts = new Map([
  ['OWN', { kind: 'set', value: 'x' }],
  ['OVER', { kind: 'set', value: 'y' }],
  ['NEW', { kind: 'set', value: '' }],
  ['OLD', { kind: 'remove' }],
]);

const base = keys(5, { OLD: own(1), OWN: own(1), OVER: own(1, { inherited: true, source: 'base' }), REST: own(1) });

test('changes are summed up, and a value that hides an inherited one is new', () => {
  expect(summary(base, drafts)).toBe('4 changes not saved: 2 new, 1 changed, 1 removed');
  expect(summary(base, new Map([['OWN', { kind: 'remove' }]]))).toBe('1 change not saved: 1 removed');
});

test('a new key stands where it will', () => {
  expect(rowsOf(base, drafts).map(({ key }) => key)).toEqual(['NEW', 'OLD', 'OVER', 'OWN', 'REST']);
});

test('all changes are one patch', () => {
  expect(patchOf(drafts)).toEqual({ set: { OWN: 'x', OVER: 'y', NEW: '' }, delete: ['OLD'] });
});

test('a conflict names the keys that both changed, and who came first', () => {
  expect(conflictOf(base, base, drafts)).toBeNull();
  const elsewhere = keys(6, { ...base.meta, REST: own(2) });
  expect(conflictOf(base, elsewhere, drafts)).toMatchObject({ revision: 6, by: 'bob', keys: [] });
  const { OLD: _, ...left } = base.meta;
  const same = keys(7, { ...left, OWN: own(3), NEW: own(2) });
  expect(conflictOf(base, same, drafts)).toMatchObject({ at: '2026-01-03T00:00:00Z', keys: ['NEW', 'OLD', 'OWN'] });
});

test('a key that the server would refuse is told before', () => {
  for (const good of ['A', 'DATABASE_URL', '_9']) expect(problemWithKey(good)).toBeNull();
  for (const bad of ['', '9A', 'A-B', 'a', 'Ä', 'A'.repeat(254)]) expect(problemWithKey(bad)).not.toBeNull();
});

test('configs stand under what they inherit from, also when that may not be seen', () => {
  const configs = [
    { slug: 'prod', parentSlug: 'base' },
    { slug: 'eu', parentSlug: 'prod' },
    { slug: 'base', parentSlug: null },
    { slug: 'a', parentSlug: 'hidden' },
  ];
  const lines = inTree(configs).map(({ config, depth }) => `${depth} ${config.slug}`);
  expect(lines).toEqual(['0 a', '0 base', '1 prod', '2 eu']);
});

test('times are said as people say them', () => {
  const now = new Date('2026-06-15T12:00:00');
  const said = (seconds: number) => ago(new Date(now.getTime() - seconds * 1000), now);
  expect(said(-5)).toBe('just now');
  expect(said(59)).toBe('just now');
  expect(said(119)).toBe('1 minute ago');
  expect(said(7_300)).toBe('2 hours ago');
  expect(said(86_400)).toBe('yesterday');
  expect(said(30 * 86_400)).toBe('16 May');
  expect(said(365 * 86_400)).toBe('15 Jun 2025');
});

test.describe('what is allowed', () => {
  const here = { project: 'shop', role: 'viewer', sources: [], actions: ['secrets:read'] };
  const person = { username: 'bob', disabled: false, workspaceRole: 'viewer', globalActions: ['workspace:members:read'] };
  const permissions = { ...person, projects: [here] };

  test('what is allowed everywhere is allowed in each project', () => {
    expect(allows(permissions, 'workspace:members:read')).toBe(true);
    expect(allows(permissions, 'workspace:members:read', 'shop')).toBe(true);
    expect(allows(permissions, 'workspace:members:read', 'other')).toBe(true);
  });

  test('what is allowed in one project is allowed in no other, and not everywhere', () => {
    expect(allows(permissions, 'secrets:read', 'shop')).toBe(true);
    expect(allows(permissions, 'secrets:read', 'other')).toBe(false);
    expect(allows(permissions, 'secrets:read')).toBe(false);
    expect(allows(permissions, 'secrets:write', 'shop')).toBe(false);
  });
});
