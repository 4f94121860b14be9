import { expect, test } from '@playwright/test';

import { makePassword } from '../src/components/team/password.ts';
import { byWeight, wordsForSource } from '../src/components/team/roles.ts';

test('why somebody may do something is said by what it is from', () => {
  const said = [
    { kind: 'workspace', role: 'owner' },
    { kind: 'user', role: 'viewer' },
    { kind: 'group', role: 'collaborator', group: 'developers' },
    { kind: 'group', role: 'admin' },
    { kind: 'default', role: 'viewer' },
    { kind: 'default', role: 'none' },
  ].map(wordsForSource);
  expect(said).toEqual([
    'Owner of the workspace',
    'Viewer, by a role of their own',
    'Collaborator, by the group developers',
    'Admin, by a group',
    'Viewer, as everybody without a role here',
    'No role here',
  ]);
});

test('the reason that counts comes first, and what gives nothing beside another is not said', () => {
  const viewer = { kind: 'user', role: 'viewer' };
  const collaborator = { kind: 'group', role: 'collaborator', group: 'developers' };
  const admin = { kind: 'workspace', role: 'admin' };
  const none = { kind: 'default', role: 'none' };
  expect(byWeight([viewer, collaborator])).toEqual([collaborator, viewer]);
  expect(byWeight([none, admin])).toEqual([admin]);
  expect(byWeight([none])).toEqual([none]);
  expect(byWeight([{ kind: 'user', role: 'none' }])).toEqual([{ kind: 'user', role: 'none' }]);
});

test('a made password is long, can be read out, and is another one each time', () => {
  const made = Array.from({ length: 200 }, makePassword);
  expect(new Set(made).size).toBe(made.length);
  for (const password of made) expect(password).toMatch(/^([a-km-zA-HJ-NP-Z2-9]{4}-){4}[a-km-zA-HJ-NP-Z2-9]{4}$/);
});
