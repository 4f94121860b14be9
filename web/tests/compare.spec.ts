import type { Page } from '@playwright/test';

import { beforeChange, expect, isAccessible, isNowhere, SECRET, test } from './fixtures.ts';

const ADDRESS = '/p/shop/compare';

/** A cell, by its key and the place of its config in the order of inheritance. */
const cell = (page: Page, key: string, column: number) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: key }) }).getByRole('gridcell').nth(column);

test.beforeEach(async ({ shop, api }) => {
  await api.post('/api/projects/shop/configs', { slug: 'dev', parent: 'base' });
  await api.put('/api/projects/shop/configs/dev/secrets/DEV_ONLY', { value: 'for dev' });
  await shop.goto(ADDRESS);
  await expect(shop.getByRole('grid', { name: 'Keys by configs' })).toBeVisible();
});

test('the grid tells where each key is, and which values are equal, without any value', async ({ shop }) => {
  await expect(shop.getByRole('columnheader')).toHaveText([/Key/, /base/, /dev/, /prod/]);
  await expect(cell(shop, 'DATABASE_URL', 0)).toHaveAccessibleName('own');
  await expect(cell(shop, 'DATABASE_URL', 2)).toHaveAccessibleName('inherited from base');
  await expect(cell(shop, 'LOG_LEVEL', 0)).toHaveAccessibleName('own, value a');
  await expect(cell(shop, 'LOG_LEVEL', 1)).toHaveAccessibleName('inherited from base, value a');
  await expect(cell(shop, 'LOG_LEVEL', 2)).toHaveAccessibleName('overrides base, value b');
  await expect(cell(shop, 'DEV_ONLY', 2)).toHaveAccessibleName('missing');
  await isNowhere(shop, SECRET);
  await isAccessible(shop);
  await shop.emulateMedia({ colorScheme: 'dark' });
  await isAccessible(shop);
});

test('the grid is narrowed, and the address leads back to that', async ({ shop }) => {
  const names = shop.getByRole('rowheader');
  await shop.getByText('Differs', { exact: true }).click();
  await expect(names).toHaveText(['DEV_ONLY', 'LOG_LEVEL']);
  await shop.getByRole('button', { name: 'prod', exact: true }).click();
  await shop.getByRole('menuitem', { name: 'Only keys missing in prod' }).click();
  await expect(names).toHaveText(['DEV_ONLY']);
  await shop.reload();
  await expect(names).toHaveText(['DEV_ONLY']);
  await shop.goto(ADDRESS);
  await expect(names).toHaveCount(3);
  await shop.keyboard.press('/');
  await shop.keyboard.type('log');
  await expect(names).toHaveText(['LOG_LEVEL']);
  await expect(shop).toHaveURL(/filter=log/);
  await shop.getByRole('button', { name: 'dev', exact: true }).click();
  await shop.getByRole('menuitem', { name: 'Hide dev' }).click();
  await expect(shop.getByRole('columnheader')).toHaveText([/Key/, /base/, /prod/]);
  await shop.getByRole('button', { name: 'Show dev' }).click();
  await expect(shop.getByRole('columnheader')).toHaveCount(4);
});

test('one value is revealed from its cell by keyboard, and goes on record', async ({ shop, api }) => {
  await shop.getByRole('checkbox', { name: 'Select DATABASE_URL' }).focus();
  await shop.keyboard.press('ArrowRight');
  await expect(cell(shop, 'DATABASE_URL', 0)).toBeFocused();
  await shop.keyboard.press('End');
  await expect(cell(shop, 'DATABASE_URL', 2)).toBeFocused();
  await shop.keyboard.press('Enter');
  const card = shop.getByRole('dialog', { name: 'DATABASE_URL in prod' });
  await expect(card).toContainText('inherited from base');
  await isNowhere(shop, SECRET);
  await card.getByRole('button', { name: 'Reveal' }).press('Enter');
  await expect(card).toContainText(SECRET);
  await isAccessible(shop);
  await shop.keyboard.press('Escape');
  await expect(card).toBeHidden();
  await expect(cell(shop, 'DATABASE_URL', 2)).toBeFocused();
  await isNowhere(shop, SECRET);
  const { events } = (await api.get('/api/audit/events?action=secrets.read&key=DATABASE_URL')) as { events: object[] };
  expect(events[0]).toMatchObject({ config_slug: 'prod', key: 'DATABASE_URL' });
  await shop.keyboard.press('Enter');
  await card.getByRole('link', { name: 'Open in prod' }).click();
  await expect(shop.getByRole('grid', { name: 'Secrets' })).toBeVisible();
  await expect(shop).toHaveURL(/\/p\/shop\/c\/prod\?filter=DATABASE_URL/);
});

test('two configs are compared key by key, with values only when they are asked for', async ({ shop }) => {
  await shop.getByRole('button', { name: 'base', exact: true }).click();
  await shop.getByRole('menuitem', { name: 'Compare with another…' }).click();
  await shop.getByRole('button', { name: 'prod', exact: true }).click();
  await shop.getByRole('menuitem', { name: 'Compare base with it' }).click();
  const dialog = shop.getByRole('dialog', { name: 'base and prod' });
  await expect(dialog.getByRole('listitem')).toHaveText([/LOG_LEVEL.*differs/]);
  await dialog.getByRole('button', { name: 'Reveal LOG_LEVEL' }).click();
  const values = dialog.getByRole('group', { name: 'Values of LOG_LEVEL' });
  await expect(values.locator('del')).toHaveText('info');
  await expect(values.locator('ins')).toHaveText('warn');
  await isAccessible(shop);
  await dialog.getByRole('button', { name: 'Swap sides' }).click();
  await expect(shop.getByRole('dialog', { name: 'prod and base' })).toBeVisible();
  await expect(shop).toHaveURL(/from=prod&to=base/);
});

test('keys are promoted after what that means is seen, and the revision tells it', async ({ shop, api }) => {
  await shop.getByRole('checkbox', { name: 'Select DEV_ONLY' }).press('Space');
  await shop.keyboard.press('ArrowDown');
  await shop.keyboard.press('ArrowDown');
  await shop.keyboard.press('Space');
  await expect(shop.getByRole('region', { name: 'Selected keys' })).toContainText('2 keys selected');
  await shop.getByRole('button', { name: 'Promote…' }).click();
  const dialog = shop.getByRole('dialog', { name: 'Promote 2 keys' });
  await dialog.getByRole('combobox', { name: 'From' }).or(dialog.getByRole('textbox', { name: 'From' })).click();
  await shop.getByRole('option', { name: 'dev' }).click();
  await dialog.getByRole('combobox', { name: 'To' }).or(dialog.getByRole('textbox', { name: 'To' })).click();
  await shop.getByRole('option', { name: 'prod' }).click();
  await expect(dialog).toContainText('1 new and 1 changed in prod.');
  await expect(dialog.getByRole('listitem')).toHaveText([/DEV_ONLY.*new/, /LOG_LEVEL.*changed, overrides/]);
  await isAccessible(shop);
  await dialog.getByRole('button', { name: 'Promote 2 keys to prod' }).click();
  await expect(dialog.getByRole('status')).toContainText('2 keys are set in prod, as revision');
  const { data } = await api.get('/api/projects/shop/configs/prod/secrets');
  expect(data).toEqual({ DATABASE_URL: SECRET, LOG_LEVEL: 'info', DEV_ONLY: 'for dev' });
  await dialog.getByRole('link', { name: /^revision/ }).click();
  await expect(shop.getByRole('dialog', { name: /^What \d+ changed$/ })).toContainText('2 keys differ: 1 new, 1 changed.');
});

test('a promotion is refused once somebody changed what it goes into', async ({ shop, api }) => {
  await cell(shop, 'DEV_ONLY', 1).click();
  await shop.getByRole('button', { name: 'Promote…' }).click();
  const dialog = shop.getByRole('dialog', { name: 'Promote DEV_ONLY' });
  await dialog.getByRole('combobox', { name: 'To' }).or(dialog.getByRole('textbox', { name: 'To' })).click();
  await shop.getByRole('option', { name: 'prod' }).click();
  await expect(dialog).toContainText('1 new in prod.');
  await beforeChange(shop, '**/promote', () => api.put('/api/projects/shop/configs/prod/secrets/DEV_ONLY', { value: 'theirs' }));
  await dialog.getByRole('button', { name: 'Promote 1 key to prod' }).click();
  await expect(dialog.getByRole('alert')).toContainText('Not promoted: somebody changed prod meanwhile');
  await expect(dialog).toContainText('1 changed in prod.');
  expect(await api.get('/api/projects/shop/configs/prod/secrets')).toHaveProperty('data.DEV_ONLY', 'theirs');
});

test('who may not write promotes nothing, and a narrow screen scrolls the grid alone', async ({ shop }) => {
  await shop.route('**/api/me/permissions', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), globalActions: ['configs:read', 'secrets:read'], projects: [] } });
  });
  await shop.setViewportSize({ width: 360, height: 740 });
  await shop.reload();
  await cell(shop, 'DEV_ONLY', 1).click();
  await expect(shop.getByRole('button', { name: 'Reveal' })).toBeVisible();
  await expect(shop.getByRole('button', { name: 'Promote…' })).toHaveCount(0);
  await expect(shop.getByRole('checkbox', { name: /^Select/ })).toHaveCount(0);
  expect(await shop.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
});

test('a project of thousands of keys and twenty configs is compared, and only what is seen is drawn', async ({ shop, api }) => {
  const key = (number: number) => `KEY_${String(number).padStart(4, '0')}`;
  const set = Object.fromEntries(Array.from({ length: 4_990 }, (_, number) => [key(number), 'x']));
  await api.patch('/api/projects/shop/configs/base/secrets', { set });
  for (let nth = 0; nth < 17; nth += 1) await api.post('/api/projects/shop/configs', { slug: `eu-${nth}`, parent: 'prod' });
  await shop.reload();
  await expect(shop.getByText('4993 keys in 20 configs')).toBeVisible();
  expect(await shop.getByRole('gridcell').count()).toBeLessThan(1_500);
  await shop.getByRole('checkbox', { name: 'Select DATABASE_URL' }).focus();
  await shop.keyboard.press('Control+End');
  await expect(cell(shop, 'LOG_LEVEL', 19)).toBeFocused();
  await shop.keyboard.press('Control+Home');
  await expect(shop.getByRole('checkbox', { name: 'Select DATABASE_URL' })).toBeFocused();
});
