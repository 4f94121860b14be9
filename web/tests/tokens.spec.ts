import type { Page } from '@playwright/test';

import type { Schemas } from '../src/api/client.ts';
import { type Api, expect, isAccessible, isNowhere, signIn, test } from './fixtures.ts';

test('a token for a machine is made as a sentence, shown once, and good for what it says', async ({ shop, server }) => {
  await shop.goto('/tokens/new?project=shop&config=prod');
  await shop.getByLabel('Name of the machine').fill('ci');
  await expect(shop.getByRole('combobox', { name: 'What it may do' })).toHaveValue('read and export secrets');
  await expect(shop.getByRole('combobox', { name: 'Project' })).toHaveValue('shop');
  await expect(shop.getByRole('combobox', { name: 'Config' })).toHaveValue('prod');
  await expect(
    shop.getByText('It cannot change or delete secrets, make other tokens or reach anything outside of shop / prod.'),
  ).toBeVisible();
  await isAccessible(shop);
  await shop.getByRole('button', { name: 'Make token' }).click();

  const token = (await shop.getByLabel('The token', { exact: true }).textContent()) ?? '';
  expect(token).toMatch(/^ssm_/);
  await expect(shop).toHaveTitle('New token · Secrets');
  await isAccessible(shop);
  await shop.getByRole('button', { name: 'Copy the token' }).click();
  expect(await shop.evaluate(() => navigator.clipboard.readText())).toBe(token);
  const reads = async (config: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${server.url}/api/projects/shop/configs/${config}/secrets?format=env`, { headers })).status;
  };
  expect(await reads('prod')).toBe(200);
  expect(await reads('base')).toBe(404);

  for (const [tab, words] of [
    ['curl', `${server.url}/api/projects/shop/configs/prod/secrets?format=env`],
    ['Kubernetes', 'kind: SecretSync'],
    ['Compose', 'shop-prod.env'],
  ] as const) {
    await shop.getByRole('tab', { name: tab }).click();
    const snippet = shop.getByLabel(`${tab} snippet`, { exact: true });
    await expect(snippet).toContainText(words);
    await expect(snippet).not.toContainText(token);
  }
  await shop.getByRole('link', { name: 'Done' }).click();
  const row = shop.getByRole('row', { name: 'ci' });
  await expect(row).toContainText('read and export secrets in shop / prod');
  await isNowhere(shop, token);
  await shop.goBack();
  await expect(shop.getByLabel('Name of the machine')).toBeVisible();
  await isNowhere(shop, token);
});

test('a token is limited to several places, single actions and addresses', async ({ shop, api }) => {
  await shop.goto('/tokens/new');
  await shop.getByLabel('Name of the machine').fill('backup');
  await choose(shop, 'What it may do', 'do what I choose');
  await choose(shop, 'Project', 'shop');
  await choose(shop, 'Config', 'base');
  await shop.getByRole('button', { name: '+ another place' }).click();
  await choose(shop, 'Config 2', 'prod');
  await expect(shop.getByRole('button', { name: 'Make token' })).toBeDisabled();
  await shop.getByLabel('export secrets').check();
  await choose(shop, 'Until when', 'somebody revokes it');
  await shop.getByRole('button', { name: 'Only from certain addresses…' }).click();
  const addresses = shop.getByRole('combobox', { name: 'Only from these addresses' });
  await addresses.fill('not an address');
  await addresses.press('Enter');
  await shop.getByRole('button', { name: 'Make token' }).click();
  await expect(shop.getByText('must be', { exact: false })).toBeVisible();
  await isAccessible(shop);
  await addresses.press('Backspace');
  await addresses.fill('10.0.0.0/8');
  await addresses.press('Enter');
  await shop.getByRole('button', { name: 'Make token' }).click();
  await expect(shop.getByText('It works until somebody revokes it.')).toBeVisible();

  const [made] = await tokensOf(api, 'backup');
  expect(made?.allowedCidrs).toEqual(['10.0.0.0/8']);
  expect(made?.expires_at).toBeNull();
  const places = made?.scopes.map(({ project, config, actions }) => `${project}/${config} ${actions.join()}`);
  expect(places).toEqual(['shop/base secrets:export', 'shop/prod secrets:export']);
});

test('a personal token lives for a day at most, and may what its user may', async ({ shop, api }) => {
  await shop.goto('/tokens/new');
  await shop.getByText('For myself').click();
  await expect(shop.getByRole('combobox', { name: 'What it may do' })).toHaveValue('do whatever I may');
  await shop.getByRole('combobox', { name: 'Until when' }).click();
  await expect(shop.getByRole('option')).toHaveText(['1 hour from now', '8 hours from now', '24 hours from now']);
  await shop.keyboard.press('Escape');
  await shop.getByRole('button', { name: 'Make token' }).click();
  await expect(shop.getByText('It ends')).toBeVisible();
  const { tokens } = (await api.get('/api/auth/tokens/v2')) as unknown as Schemas['TokenList'];
  expect(tokens.filter(({ type, purpose }) => type === 'personal' && purpose === 'api')).toHaveLength(1);
});

test('a token is rotated: the new one is shown once, and the old one works on as said', async ({ shop, api, server }) => {
  const old = await service(api, 'ci');
  await shop.goto('/tokens');
  await shop.getByRole('button', { name: 'Actions for ci' }).click();
  await shop.getByRole('menuitem', { name: 'Rotate…' }).click();
  const dialog = shop.getByRole('dialog', { name: 'Rotate the token of ci' });
  await expect(dialog.getByLabel('The old one works')).toHaveValue('for 5 more minutes');
  await isAccessible(shop);
  await choose(shop, 'The old one works', 'no longer');
  await dialog.getByRole('button', { name: 'Rotate token' }).click();
  const token = (await dialog.getByLabel('The token', { exact: true }).textContent()) ?? '';
  await expect(dialog.getByText('The old one works no longer.')).toBeVisible();
  expect(await statusWith(server.url, token)).toBe(200);
  expect(await statusWith(server.url, old)).toBe(401);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(dialog).toBeHidden();
  await isNowhere(shop, token);
});

test('what ends with a token is said before it is revoked', async ({ shop, api, server }) => {
  const token = await service(api, 'ci');
  const headers = { authorization: `Bearer ${token}` };
  const streams = await Promise.all([0, 1].map(() => fetch(`${server.url}/api/watch`, { headers })));
  await shop.goto('/tokens');
  await shop.getByRole('button', { name: 'Actions for ci' }).click();
  await shop.getByRole('menuitem', { name: 'Revoke…' }).click();
  const dialog = shop.getByRole('dialog', { name: 'Revoke the token of ci' });
  await expect(dialog).toContainText('2 open watch streams end with it');
  await isAccessible(shop);
  await dialog.getByRole('button', { name: 'Revoke token' }).click();
  await expect(dialog).toBeHidden();
  await expect(shop.getByRole('row', { name: 'ci' })).toBeHidden();
  for (const stream of streams) await stream.text().catch(() => undefined);
  expect(await statusWith(server.url, token)).toBe(401);

  await shop.getByRole('switch', { name: 'Revoked ones, too' }).click();
  await expect(shop).toHaveURL(/\/tokens\?revoked=true$/);
  await expect(shop.getByRole('row', { name: 'ci' })).toContainText('revoked just now');
  await expect(shop.getByRole('button', { name: 'Actions for ci' })).toBeHidden();
});

test('the list is filtered in the address, and says how long each token lives', async ({ shop, api }) => {
  await service(api, 'ci', 90 * 86_400);
  await service(api, 'nightly', 5 * 86_400);
  await api.post('/api/auth/tokens/v2/personal', {});
  await shop.goto('/tokens');
  const row = (name: string) => shop.getByRole('row', { name });
  await expect(row('nightly').getByRole('cell', { name: 'in 5 days' })).toHaveAttribute('data-life', 'ending');
  await expect(row('personal')).toContainText('do whatever ada may in all projects');
  await expect(row('personal')).toHaveCount(1);
  await shop.getByText('Machines', { exact: true }).click();
  await expect(shop).toHaveURL(/\/tokens\?show=machines$/);
  await expect(row('personal')).toBeHidden();
  await shop.reload();
  await expect(row('ci')).toBeVisible();
  await expect(row('personal')).toBeHidden();
  for (const colorScheme of ['light', 'dark'] as const) {
    await shop.emulateMedia({ colorScheme });
    await isAccessible(shop);
  }
});

test('somebody who may make no tokens for machines is offered none', async ({ page, api }) => {
  await api.post('/api/workspace/members', { username: 'bob', password: BOBS, workspaceRole: 'viewer' });
  await api.post('/api/projects', { slug: 'shop' });
  await service(api, 'ci');
  await page.goto('/tokens');
  const permissions = page.waitForResponse('**/api/me/permissions');
  await signIn(page, 'bob', BOBS);
  await permissions;
  await expect(page.getByText('No tokens yet.')).toBeVisible();
  await page.getByRole('link', { name: 'New token' }).click();
  await expect(page.getByRole('combobox', { name: 'What it may do' })).toHaveValue('do whatever I may');
  await expect(page.getByText('For a machine')).toBeHidden();
  await page.getByRole('button', { name: 'Make token' }).click();
  await page.getByRole('link', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Actions for bob' }).click();
  await page.getByRole('menuitem', { name: 'Revoke…' }).click();
  await page.getByRole('button', { name: 'Revoke token' }).click();
  await expect(page.getByText('No tokens yet.')).toBeVisible();
});

const BOBS = 'a long password of his';

async function choose(page: Page, label: string, option: string) {
  await page.getByRole('combobox', { name: label, exact: true }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

async function tokensOf(api: Api, name: string) {
  const { tokens } = (await api.get('/api/auth/tokens/v2')) as unknown as Schemas['TokenList'];
  return tokens.filter((token) => token.subject_service_name === name);
}

/** A machine's token for all of the shop. */
async function service(api: Api, name: string, ttl_seconds = 3_600): Promise<string> {
  const body = { service_name: name, project: 'shop', actions: ['secrets:read', 'secrets:export'], ttl_seconds };
  return ((await api.post('/api/auth/tokens/v2/service', body)) as unknown as Schemas['NewToken']).token;
}

async function statusWith(url: string, token: string): Promise<number> {
  return (await fetch(`${url}/api/auth/tokens/self`, { headers: { authorization: `Bearer ${token}` } })).status;
}
