import type { Page } from '@playwright/test';

import { beforeChange, expect, isAccessible, isNowhere, SECRET, tells, test } from './fixtures.ts';

const ADDRESS = '/p/shop/c/prod/history';
const prod = '/api/projects/shop/configs/prod';

/** Where the sentence of a revision begins with these words. */
const item = (page: Page, words: string | RegExp) => page.getByRole('listitem').filter({ hasText: words });

test.beforeEach(async ({ shop, api }) => {
  await api.patch(`${prod}/secrets`, { set: { DATABASE_URL: SECRET, LOG_LEVEL: 'debug' } });
  await api.patch(`${prod}/secrets`, { set: { DATABASE_URL: `${SECRET}-2` }, delete: ['LOG_LEVEL'] });
  await shop.goto(ADDRESS);
  await expect(shop.getByRole('heading', { name: 'Today' })).toBeVisible();
});

test('the timeline says who did what, newest first, and holds no value', async ({ shop }) => {
  const items = shop.getByRole('listitem');
  await expect(items).toHaveCount(4);
  await expect(items.nth(0)).toContainText('Set DATABASE_URL, removed LOG_LEVEL');
  await expect(items.nth(0)).toContainText('ada');
  await expect(items.nth(1)).toContainText('Set DATABASE_URL and LOG_LEVEL');
  await expect(items.nth(3)).toContainText('Made the config');
  await expect(items.nth(3).getByRole('button', { name: /^Show the changes/ })).toHaveCount(0);
  await isNowhere(shop, SECRET);
  await isAccessible(shop);
  await shop.emulateMedia({ colorScheme: 'dark' });
  await isAccessible(shop);
});

test('what a revision changed is masked until it is asked for, key by key', async ({ shop, api }) => {
  await item(shop, 'Set DATABASE_URL, removed').getByRole('button', { name: /^Show the changes/ }).click();
  const dialog = shop.getByRole('dialog', { name: /^What \d+ changed$/ });
  await expect(dialog).toContainText('2 keys differ: 1 changed, 1 removed.');
  await isNowhere(shop, SECRET);
  await dialog.getByRole('button', { name: 'Reveal DATABASE_URL' }).click();
  const values = dialog.getByRole('group', { name: 'Values of DATABASE_URL' });
  await expect(values.locator('ins')).toHaveText('-2');
  await expect(values.locator('del')).toHaveCount(0);
  await expect(dialog.getByRole('group')).toHaveCount(1);
  await isAccessible(shop);
  await shop.emulateMedia({ colorScheme: 'dark' });
  await isAccessible(shop);
  const { events } = (await api.get('/api/audit/events?action=secrets.read&key=DATABASE_URL')) as { events: { config_slug: string }[] };
  expect(events.map((event) => event.config_slug)).toContain('prod');
  await shop.evaluate(() => window.dispatchEvent(new Event('blur')));
  await expect(values).toBeHidden();
  await isNowhere(shop, SECRET);
});

test('any two revisions are compared, and the address leads back to it', async ({ shop }) => {
  await item(shop, /Set DATABASE_URL, removed/).getByRole('button', { name: /^More for/ }).click();
  await shop.getByRole('menuitem', { name: 'Compare with another…' }).click();
  await expect(shop.getByRole('status')).toContainText('Choose the revision');
  await item(shop, /Set LOG_LEVEL/).getByRole('button', { name: /^Compare/ }).click();
  const dialog = shop.getByRole('dialog', { name: /^From \d+ to \d+$/ });
  await expect(dialog.getByRole('listitem')).toHaveText([/DATABASE_URL.*new/, /LOG_LEVEL.*removed/]);
  expect(shop.url()).toMatch(/history\?from=\d+&to=\d+$/);
  await shop.reload();
  await expect(dialog.getByRole('listitem')).toHaveCount(2);
  await shop.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(shop).toHaveURL(new RegExp(`${ADDRESS}$`));
});

test('a key has its versions, which are shown one at a time', async ({ shop }) => {
  await shop.getByRole('combobox', { name: 'Key' }).or(shop.getByRole('textbox', { name: 'Key' })).fill('log_level');
  await shop.keyboard.press('Enter');
  await expect(shop).toHaveURL(/key=LOG_LEVEL/);
  const versions = shop.getByRole('list', { name: 'Versions of LOG_LEVEL' }).getByRole('listitem');
  await expect(versions).toHaveText([/Removed/, /Version 2/, /Version 1/]);
  await shop.getByRole('button', { name: 'Reveal version 1' }).click();
  await expect(versions.nth(2)).toContainText('warn');
  await shop.getByRole('button', { name: 'Reveal version 2' }).click();
  await expect(versions.nth(1)).toContainText('debug');
  await expect(versions.nth(2)).not.toContainText('warn');
  await isAccessible(shop);
  await shop.goto(`${ADDRESS}?key=NEVER_HERE`);
  await expect(shop.getByText('prod has never had a key NEVER_HERE')).toBeVisible();
});

test('what is inherited has its history where it is from', async ({ shop, api }) => {
  await api.put('/api/projects/shop/configs/base/secrets/REGION', { value: 'eu' });
  await shop.goto(`${ADDRESS}?key=REGION`);
  await shop.getByRole('link', { name: 'Show it in base' }).click();
  await expect(shop.getByRole('list', { name: 'Versions of REGION' })).toContainText('Version 1');
});

test('going back shows exactly what changes before it does it', async ({ shop, api }) => {
  await item(shop, 'Set DATABASE_URL and LOG_LEVEL').getByRole('button', { name: /^More for/ }).click();
  await shop.getByRole('menuitem', { name: /^Roll back to/ }).click();
  const dialog = shop.getByRole('dialog', { name: /^Roll back prod to/ });
  await expect(dialog).toContainText('1 key gets its old value, 1 comes back. All else stays as it is.');
  await isNowhere(shop, SECRET);
  await isAccessible(shop);
  await dialog.getByRole('button', { name: 'Reveal LOG_LEVEL' }).click();
  await expect(dialog.getByRole('group', { name: 'Values of LOG_LEVEL' })).toContainText('debug');
  const rollBack = dialog.getByRole('button', { name: /^Roll back to \d+$/ });
  await tells(shop, /Rolled back to \d+, which is revision \d+ now/, () => rollBack.click());
  await expect(shop.getByRole('listitem').first()).toContainText('Rolled back: set DATABASE_URL and LOG_LEVEL');
  const { data } = await api.get(`${prod}/secrets`);
  expect(data).toEqual({ DATABASE_URL: SECRET, LOG_LEVEL: 'debug' });
});

test('going back to what was seen is refused once somebody changed more', async ({ shop, api }) => {
  await item(shop, 'Set DATABASE_URL and LOG_LEVEL').getByRole('button', { name: /^More for/ }).click();
  await shop.getByRole('menuitem', { name: /^Roll back to/ }).click();
  const dialog = shop.getByRole('dialog', { name: /^Roll back prod to/ });
  await expect(dialog).toContainText('1 key gets its old value');
  await beforeChange(shop, '**/rollback', () => api.put(`${prod}/secrets/NEW_KEY`, { value: 'theirs' }));
  await dialog.getByRole('button', { name: /^Roll back to \d+$/ }).click();
  await expect(dialog.getByRole('alert')).toContainText('Not rolled back: somebody changed the config meanwhile');
  await expect(dialog).toContainText('1 goes');
  await dialog.getByRole('button', { name: /^Roll back to \d+$/ }).click();
  await expect(dialog).toBeHidden();
  expect(await api.get(`${prod}/secrets`)).not.toHaveProperty('data.NEW_KEY');
});

test('who may not write is not offered to go back, and nothing of the page needs width', async ({ shop }) => {
  await shop.route('**/api/me/permissions', async (route) => {
    const answer = await route.fetch();
    const actions = ['configs:read'];
    await route.fulfill({ response: answer, json: { ...(await answer.json()), globalActions: actions, projects: [] } });
  });
  await shop.setViewportSize({ width: 360, height: 740 });
  await shop.reload();
  await shop.waitForLoadState('networkidle');
  await item(shop, 'Set DATABASE_URL and LOG_LEVEL').getByRole('button', { name: /^More for/ }).click();
  await expect(shop.getByRole('menuitem')).toHaveText(['Compare with another…']);
  await shop.keyboard.press('Escape');
  await item(shop, 'Set DATABASE_URL, removed').getByRole('button', { name: /^Show the changes/ }).click();
  await expect(shop.getByRole('dialog')).toContainText('2 keys differ');
  await expect(shop.getByRole('button', { name: /^Reveal/ })).toHaveCount(0);
  await expect(shop.getByRole('dialog').getByRole('button', { name: /^Roll back/ })).toHaveCount(0);
  expect(await shop.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
});

test('a long history is there down to its beginning', async ({ shop, api }) => {
  for (let round = 0; round < 60; round += 1) await api.put(`${prod}/secrets/COUNT`, { value: String(round) });
  await shop.reload();
  await expect(shop.getByRole('listitem').first()).toContainText('Set COUNT');
  await shop.getByRole('listitem').last().scrollIntoViewIfNeeded();
  await expect(shop.getByText('Made the config')).toBeAttached();
  await expect(shop.getByRole('listitem')).toHaveCount(64);
});

test('what others do meanwhile appears on top by itself, and people are told from machines', async ({ shop, api, playwright, server }) => {
  const { token } = await api.post('/api/auth/tokens/v2/service', {
    service_name: 'deployer',
    project: 'shop',
    config: 'prod',
    actions: ['secrets:write'],
  });
  const machine = await playwright.request.newContext({ baseURL: server.url, extraHTTPHeaders: { authorization: `Bearer ${String(token)}` } });
  await machine.put(`${prod}/secrets/RELEASE`, { data: { value: '7' } });
  const first = shop.getByRole('listitem').first();
  await expect(first).toContainText('Set RELEASE');
  await expect(first).toContainText('deployer, a machine');
  await expect(first).toContainText('newest');
  await machine.dispose();
});
