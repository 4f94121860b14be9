import type { Page } from '@playwright/test';

import { type Api, expect, isAccessible, isNowhere, test } from './fixtures.ts';

const THEIRS = 'a long password of theirs';

async function member(api: Api, username: string, workspaceRole: string) {
  await api.post('/api/workspace/members', { username, password: THEIRS, workspaceRole });
}

async function act(page: Page, name: string, what: string) {
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: what }).click();
}

async function isAccessibleInBoth(page: Page) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await isAccessible(page);
  }
}

test('a member is added with a password that is shown once, and signs in with it', async ({ shop, visitor }) => {
  await shop.goto('/team');
  await shop.getByRole('button', { name: 'Add member' }).click();
  const dialog = shop.getByRole('dialog');
  await dialog.getByLabel('Username').fill('ada');
  await dialog.getByRole('radio', { name: 'Collaborator' }).check();
  await isAccessible(shop);
  await dialog.getByRole('button', { name: 'Add member' }).click();
  await expect(dialog.getByRole('alert')).toBeVisible();
  await dialog.getByLabel('Username').fill('bob');
  await dialog.getByLabel('Full name').fill('Bob Marsh');
  await dialog.getByRole('button', { name: 'Add member' }).click();
  const password = (await dialog.getByLabel('Their first password').textContent()) ?? '';
  expect(password).toMatch(/^(\w{4}-){4}\w{4}$/);
  await isAccessible(shop);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await isNowhere(shop, password);
  const row = shop.getByRole('row', { name: 'bob' });
  await expect(row).toContainText('Bob Marsh');
  await expect(row).toContainText('Collaborator');
  await isAccessibleInBoth(shop);

  await visitor('bob', password);
});

test('a first password may be typed, and what is wrong with it is told there', async ({ shop }) => {
  await shop.goto('/team');
  await shop.getByRole('button', { name: 'Add member' }).click();
  const dialog = shop.getByRole('dialog');
  await dialog.getByLabel('Username').fill('bob');
  await dialog.getByText('Type one').click();
  const field = dialog.getByLabel('First password', { exact: true });
  await field.fill('short');
  await dialog.getByRole('button', { name: 'Add member' }).click();
  await expect(dialog.getByText('must have', { exact: false })).toBeVisible();
  await field.fill(THEIRS);
  await dialog.getByRole('button', { name: 'Add member' }).click();
  await expect(dialog.getByLabel('Their first password')).toHaveText(THEIRS);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await isNowhere(shop, THEIRS);
});

test('a role is changed, and somebody is disabled and enabled again', async ({ shop, api, visitor }) => {
  await member(api, 'bob', 'viewer');
  const theirs = await visitor('bob', THEIRS);

  await shop.goto('/team');
  await act(shop, 'bob', 'Change role…');
  await shop.getByRole('radio', { name: 'Admin' }).check();
  await shop.getByRole('button', { name: 'Change role' }).click();
  const row = shop.getByRole('row', { name: 'bob' });
  await expect(row).toContainText('Admin');
  await act(shop, 'bob', 'Name and e-mail…');
  await shop.getByRole('textbox', { name: 'E-mail' }).fill('nowhere');
  await shop.getByRole('button', { name: 'Save' }).click();
  await expect(shop.getByRole('textbox', { name: 'E-mail' })).toHaveAttribute('aria-invalid', 'true');
  await shop.getByRole('textbox', { name: 'E-mail' }).fill('bob@example.com');
  await shop.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('bob@example.com');

  await act(shop, 'bob', 'Disable…');
  await expect(shop.getByText('They are signed out everywhere at once', { exact: false })).toBeVisible();
  await shop.getByRole('button', { name: 'Disable' }).click();
  await expect(row).toContainText('Disabled');
  await theirs.reload();
  await expect(theirs.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await act(shop, 'bob', 'Enable…');
  await shop.getByRole('button', { name: 'Enable' }).click();
  await expect(row).not.toContainText('Disabled');
});

test('the last owner stays, and the page says so', async ({ shop }) => {
  await shop.goto('/team');
  await act(shop, 'ada', 'Change role…');
  await shop.getByRole('radio', { name: 'Viewer' }).check();
  await shop.getByRole('button', { name: 'Change role' }).click();
  await expect(shop.getByRole('alert')).toContainText('owner');
  await shop.getByRole('button', { name: 'Cancel' }).click();
  await expect(shop.getByRole('row', { name: 'ada' })).toContainText('Owner');
});

test('a group is made, filled, renamed and deleted', async ({ shop, api }) => {
  await member(api, 'bob', 'viewer');
  await shop.goto('/team/groups');
  await expect(shop.getByText('No groups yet.', { exact: false })).toBeVisible();
  await isAccessibleInBoth(shop);
  await shop.getByRole('button', { name: 'New group' }).click();
  await shop.getByLabel('Name in addresses').fill('not/a/slug');
  await shop.getByRole('button', { name: 'Make group' }).click();
  await expect(shop.getByLabel('Name in addresses')).toHaveAttribute('aria-invalid', 'true');
  await shop.getByLabel('Name in addresses').fill('developers');
  await shop.getByRole('button', { name: 'Make group' }).click();
  const group = shop.getByRole('region', { name: 'developers' });
  await expect(group).toContainText('Nobody is in it yet.');
  await group.getByRole('combobox', { name: 'Add somebody to developers' }).click();
  await shop.getByRole('option', { name: 'bob' }).click();
  await expect(group.getByRole('button', { name: 'Take bob out of developers' })).toBeVisible();
  await isAccessibleInBoth(shop);

  await act(shop, 'developers', 'Rename…');
  await shop.getByLabel('Name in addresses').fill('makers');
  await shop.getByRole('button', { name: 'Save' }).click();
  const renamed = shop.getByRole('region', { name: 'makers' });
  await renamed.getByRole('button', { name: 'Take bob out of makers' }).click();
  await expect(renamed).toContainText('Nobody is in it yet.');
  await act(shop, 'makers', 'Delete…');
  await shop.getByRole('button', { name: 'Delete group' }).click();
  await expect(shop.getByText('No groups yet.', { exact: false })).toBeVisible();
});

test('what somebody may do is told with the reason, everywhere and in one project', async ({ shop, api }) => {
  await member(api, 'bob', 'viewer');
  await api.post('/api/projects', { slug: 'other' });
  await api.post('/api/workspace/groups', { slug: 'developers' });
  await api.put('/api/workspace/groups/developers/members', { add: ['bob'] });
  await api.put('/api/workspace/projects/shop/members', { subjectType: 'group', subjectId: 'developers', role: 'collaborator' });
  await api.put('/api/workspace/projects/shop/members', { subjectType: 'user', subjectId: 'bob', role: 'viewer' });
  await shop.goto('/team');
  await act(shop, 'bob', 'What may bob do?');
  await expect(shop).toHaveURL(/\/team\/access\?user=bob$/);
  await expect(shop.getByRole('region', { name: 'In the workspace' })).toContainText('Viewer of the workspace');
  const row = shop.getByRole('row', { name: 'shop' });
  await expect(row).toContainText('read, export and write secrets');
  await expect(row).toContainText('Collaborator, by the group developers');
  await expect(row).toContainText('Also viewer, by a role of their own');
  await expect(shop.getByRole('row', { name: 'other' })).toContainText('nothing');
  await isAccessibleInBoth(shop);

  await row.getByRole('link', { name: 'shop' }).click();
  const here = shop.getByRole('region', { name: 'In shop' });
  await expect(here).toContainText('May write secrets');
  await expect(here).toContainText('May not delete secrets');
  await isAccessibleInBoth(shop);
  await api.patch('/api/workspace/members/bob', { disabled: true });
  await shop.reload();
  await expect(shop.getByText('bob is disabled', { exact: false })).toBeVisible();
});
