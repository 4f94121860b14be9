import { expect, test } from '@playwright/test';

import { allows } from '../src/api/permissions.ts';
import { inTree } from '../src/components/projects/tree.ts';
import { ago } from '../src/ui/when.ts';

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
