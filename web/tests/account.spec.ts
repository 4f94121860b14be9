import type { Schemas } from '../src/api/client.ts';
import { expect, isAccessible, isNowhere, PASSWORD, signIn, tells, test } from './fixtures.ts';

const NEW = 'another long password of hers';

test('a profile is changed, and what the server refuses stands at its field', async ({ shop, api }) => {
  await shop.goto('/account');
  await expect(shop.getByRole('heading', { name: 'ada', exact: true })).toBeVisible();
  for (const colorScheme of ['light', 'dark'] as const) {
    await shop.emulateMedia({ colorScheme });
    await isAccessible(shop);
  }
  const save = shop.getByRole('button', { name: 'Save profile' });
  await expect(save).toBeDisabled();
  await shop.getByLabel('Full name').fill('Ada Lovelace');
  await tells(shop, /Your profile is saved/, () => save.click());
  expect(await api.get('/api/me')).toMatchObject({ fullName: 'Ada Lovelace' });
  await expect(save).toBeDisabled();
});

test('a new password ends the other sessions and this one goes on', async ({ shop, api, browser, server }) => {
  const elsewhere = await browser.newPage({ baseURL: server.url });
  await elsewhere.goto('/');
  await signIn(elsewhere);
  await expect(elsewhere.getByRole('heading', { name: 'Projects' })).toBeVisible();

  await shop.goto('/account');
  await expect(shop.getByText('All your other sessions and your personal tokens end with it.')).toBeVisible();
  const change = shop.getByRole('button', { name: 'Change password' });
  await shop.getByLabel('Current password').fill('not her password');
  await shop.getByLabel('New password').fill(NEW);
  await change.click();
  await expect(shop.getByRole('region', { name: 'Password' })).toContainText(/password/i);
  await expect(shop.getByRole('dialog')).toBeHidden();
  await shop.getByLabel('Current password').fill(PASSWORD);
  await tells(shop, /Your password is changed/, () => change.click());
  await isNowhere(shop, NEW);
  await expect(shop.getByLabel('Sessions').getByRole('listitem')).toHaveCount(1);
  await elsewhere.reload();
  await expect(elsewhere.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await signIn(elsewhere, 'ada', NEW);
  await expect(elsewhere.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await elsewhere.close();
  // The one that asked with a token of before is out, too.
  await expect(api.get('/api/me')).rejects.toThrow();
});

test('the other sessions are signed out, and this one is told apart', async ({ shop, api }) => {
  await shop.goto('/account');
  const sessions = shop.getByLabel('Sessions').getByRole('listitem');
  await expect(sessions).toHaveCount(2);
  await expect(sessions.filter({ hasText: 'this one' })).toHaveCount(1);
  await sessions.filter({ hasText: 'API' }).getByRole('button', { name: 'Sign out' }).click();
  await isAccessible(shop);
  await shop.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await expect(sessions).toHaveCount(1);
  await expect(sessions).toContainText('this one');
  await expect(api.get('/api/me')).rejects.toThrow();
});

test('what somebody may do is said with the reason for it', async ({ page, api }) => {
  await api.post('/api/projects', { slug: 'shop' });
  await api.post('/api/workspace/members', { username: 'bob', password: NEW, workspaceRole: 'viewer' });
  await api.put('/api/workspace/projects/shop/members', { subjectType: 'user', subjectId: 'bob', role: 'collaborator' });
  await page.goto('/account');
  await signIn(page, 'bob', NEW);
  const rights = page.getByRole('region', { name: 'What you may do' });
  await expect(rights).toContainText('You are viewer of the workspace');
  await expect(rights.getByRole('listitem')).toContainText('read, export and write secrets');
  await expect(rights.getByRole('listitem')).toContainText('collaborator here');
});

test('personal tokens are counted and led to', async ({ shop, api }) => {
  await api.post('/api/auth/tokens/v2/personal', {});
  const { tokens } = (await api.get('/api/auth/tokens/v2')) as unknown as Schemas['TokenList'];
  expect(tokens.filter(({ purpose }) => purpose === 'api')).toHaveLength(1);
  await shop.goto('/account');
  await expect(shop.getByText('You have one.')).toBeVisible();
  await shop.getByRole('link', { name: 'See your tokens' }).click();
  await expect(shop).toHaveURL(/\/tokens\?show=mine$/);
});
