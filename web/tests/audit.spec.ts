import type { Page } from '@playwright/test';

import { expect, isAccessible, isNowhere, OWNER, PASSWORD, SECRET, signIn, test } from './fixtures.ts';

/** What the record says in one line. */
const item = (page: Page, words: string | RegExp) => page.getByRole('listitem').filter({ hasText: words });

test.beforeEach(async ({ shop }) => {
  await shop.goto('/audit');
  await expect(shop.getByRole('heading', { name: 'Today' })).toBeVisible();
});

test('the record says who did what and where, newest first, and opens to all that is known', async ({ shop }) => {
  await expect(item(shop, 'Set LOG_LEVEL').first()).toContainText('shop / prod');
  await expect(item(shop, 'Set LOG_LEVEL').first()).toContainText(OWNER);
  await expect(item(shop, 'Became the owner')).toHaveCount(1);
  await isNowhere(shop, SECRET);
  await isAccessible(shop);
  const first = item(shop, 'Set LOG_LEVEL').first();
  await first.getByRole('button', { expanded: false }).click();
  await expect(first.getByRole('definition').filter({ hasText: '127.0.0.1' })).toBeVisible();
  await expect(first).toContainText('PUT /api/projects/shop/configs/prod/secrets/LOG_LEVEL → 200');
  await first.getByRole('button', { name: 'Copy request id' }).click();
  expect(await shop.evaluate(() => navigator.clipboard.readText())).not.toBe('');
  await isAccessible(shop);
  await shop.emulateMedia({ colorScheme: 'dark' });
  await isAccessible(shop);
  await first.getByRole('link', { name: 'What it changed' }).click();
  await expect(shop.getByRole('dialog', { name: /^What \d+ changed$/ })).toContainText('LOG_LEVEL');
});

test('the record is narrowed in words, and each filter can be taken away', async ({ shop, api }) => {
  await api.get('/api/projects/shop/configs/prod/secrets/LOG_LEVEL');
  await shop.getByRole('button', { name: 'Filter' }).click();
  const form = shop.getByRole('dialog', { name: 'Filter events' });
  await form.getByLabel('Who').fill(OWNER);
  await form.getByLabel('Key').fill('log_level');
  await form.getByText('Done', { exact: true }).click();
  await isAccessible(shop);
  await form.getByRole('button', { name: 'Show events' }).click();
  await expect(shop).toHaveURL(/actor=ada&key=LOG_LEVEL&outcome=success/);
  await expect(shop.getByRole('listitem')).toHaveText([/Read LOG_LEVEL/, /Set LOG_LEVEL.*prod/, /Set LOG_LEVEL.*base/]);
  await shop.reload();
  await expect(shop.getByRole('listitem')).toHaveCount(3);
  await item(shop, 'Read LOG_LEVEL').getByRole('button').first().click();
  await shop.getByRole('button', { name: 'Only secrets.read' }).click();
  await expect(shop.getByRole('listitem').filter({ has: shop.getByRole('button', { name: /Read/ }) })).toHaveCount(1);
  await shop.getByRole('button', { name: 'Remove the filter LOG_LEVEL' }).click();
  await expect(shop).not.toHaveURL(/LOG_LEVEL/);
  await shop.getByRole('button', { name: 'Clear' }).click();
  await expect(shop).toHaveURL(/\/audit$/);
});

test('a tail that is live shows what others do, and rests when it is paused', async ({ shop, api, playwright, server }) => {
  await shop.getByRole('switch', { name: 'Live tail' }).click();
  await expect(shop).toHaveURL(/live=true/);
  const other = await playwright.request.newContext({ baseURL: server.url });
  await other.post('/api/auth/session', { data: { username: OWNER, password: 'not the password' }, headers: { origin: server.url } });
  await expect(item(shop, 'Failed to sign in')).toContainText('Refused 401');
  await api.put('/api/projects/shop/configs/prod/secrets/LOG_LEVEL', { value: 'seen' });
  await expect(shop.getByRole('listitem').first()).toContainText('Set LOG_LEVEL');
  await shop.getByRole('switch', { name: 'Live tail' }).click();
  await expect(shop).toHaveURL(/\/audit$/);
  await expect(shop.getByRole('switch', { name: 'Live tail' })).not.toBeChecked();
  const asked: string[] = [];
  shop.on('request', (request) => asked.push(request.url()));
  await api.put('/api/projects/shop/configs/prod/secrets/LATER', { value: 'not seen' });
  await shop.getByRole('button', { name: 'Filter' }).click();
  await shop.getByRole('dialog', { name: 'Filter events' }).getByLabel('Who').fill('somebody');
  expect(asked.filter((url) => url.includes('/api/audit/events'))).toEqual([]);
  await other.dispose();
});

test('the record is verified, and says what was looked at', async ({ shop, api }) => {
  await shop.getByRole('button', { name: 'Verify' }).click();
  const dialog = shop.getByRole('dialog', { name: 'The record' });
  await expect(dialog.getByRole('status')).toContainText(/^All is as it was written\. Looked at \d+ entries/);
  const { head } = (await api.get('/api/audit/verify')) as { head: { hash: string } };
  await expect(dialog).toContainText(head.hash);
  await isAccessible(shop);
});

test('a record that was tampered with is told precisely', async ({ shop }) => {
  const firstBad = { kind: 'entry', name: 'entry 3', seq: 3, why: 'does not have the hash that was stored with it' };
  await shop.route('**/api/audit/verify', (route) =>
    route.fulfill({ json: { ok: false, entries: 7, head: { seq: 7, hash: 'ab'.repeat(32) }, bad: 2, firstBad } }),
  );
  await shop.getByRole('button', { name: 'Verify' }).click();
  const told = shop.getByRole('dialog', { name: 'The record' }).getByRole('alert');
  await expect(told).toContainText('Entry 3 does not have the hash that was stored with it. This is the first of 2.');
  await isAccessible(shop);
});

test('the record is exported as lines of JSON, both of its streams', async ({ shop }) => {
  for (const [name, file] of [['Changes, as', 'audit.jsonl'], ['Reads and refusals, as', 'access.jsonl']] as const) {
    await shop.getByRole('button', { name: 'Export' }).click();
    const download = shop.waitForEvent('download');
    await shop.getByRole('menuitem', { name }).click();
    expect((await download).suggestedFilename()).toBe(file);
  }
});

test('a revision and a key lead to what is on record of them', async ({ shop }) => {
  await shop.goto('/p/shop/c/prod/history');
  await item(shop, 'Set LOG_LEVEL').getByRole('button', { name: /^More for/ }).click();
  await shop.getByRole('menuitem', { name: 'Show it in the record' }).click();
  await expect(shop.getByRole('listitem')).toHaveText([/Set LOG_LEVEL.*shop \/ prod/]);
  await shop.goto('/p/shop/c/prod');
  await shop.getByRole('button', { name: 'More for LOG_LEVEL' }).click();
  await shop.getByRole('menuitem', { name: 'Events of this key' }).click();
  await expect(shop.getByRole('listitem').filter({ hasText: 'LOG_LEVEL' })).not.toHaveCount(0);
  await expect(shop).toHaveURL(/project=shop&config=prod&key=LOG_LEVEL/);
});

test('who may read the record of one project sees that, and nothing of another', async ({ page, shop, api }) => {
  await api.post('/api/projects', { slug: 'vault' });
  await api.post('/api/workspace/members', { username: 'vera', password: PASSWORD, workspaceRole: 'viewer' });
  await api.put('/api/workspace/projects/shop/members', { subjectType: 'user', subjectId: 'vera', role: 'viewer' });
  await shop.context().clearCookies();
  await page.goto('/audit');
  await signIn(page, 'vera');
  await expect(page.getByText('among those whose record you may read')).toBeVisible();
  await expect(item(page, 'Set LOG_LEVEL').first()).toBeVisible();
  await expect(page.getByText('in shop', { exact: true })).toBeVisible();
  await expect(page.getByText('vault')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Verify' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Export' })).toHaveCount(0);
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  await api.put('/api/workspace/projects/shop/members', { subjectType: 'user', subjectId: 'vera', role: 'none' });
  await page.reload();
  await expect(page.getByText('Your role does not include the record of any project.')).toBeVisible();
});
