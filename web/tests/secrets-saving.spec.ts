import type { Page } from '@playwright/test';

import { expect, isAccessible, isNowhere, SECRET, sees, tells, test } from './fixtures.ts';

const PROD = '/api/projects/shop/configs/prod';

async function edit(page: Page, key: string, value: string) {
  await page.getByRole('button', { name: `Edit ${key}` }).click();
  const field = page.getByRole('textbox', { name: `Value of ${key}` });
  await field.fill(value);
  await field.press('Control+Enter');
  await expect(field).toBeHidden();
}

/** The way back that is offered for some seconds. What is pointed at stays. */
async function offered(page: Page) {
  const undo = page.getByRole('button', { name: 'Undo', exact: true });
  await undo.hover();
  return undo;
}

test.beforeEach(async ({ shop }) => {
  await shop.goto('/p/shop/c/prod');
  await expect(shop.getByRole('grid', { name: 'Secrets' })).toBeVisible();
});

test('what somebody else saved of the same key is told, and each key is decided by itself', async ({ shop, api }) => {
  await edit(shop, 'LOG_LEVEL', 'mine');
  await edit(shop, 'DATABASE_URL', 'also mine');
  await api.put(`${PROD}/secrets/LOG_LEVEL`, { value: 'theirs' });
  const alert = shop.getByRole('region', { name: 'Changes that are not saved' }).getByRole('alert');
  await expect(alert).toContainText(/^ada saved revision \d+ just now; 1 of your 2 changes touches the same key: LOG_LEVEL/);
  expect(await api.get(`${PROD}/secrets`)).toHaveProperty('data.LOG_LEVEL', 'theirs');
  await isAccessible(shop);

  await shop.getByRole('button', { name: 'Choose what counts' }).click();
  const dialog = shop.getByRole('dialog', { name: 'Review 2 changes' });
  await expect(dialog.getByRole('listitem').first()).toContainText('Changed by ada');
  await expect(dialog.getByText('theirs', { exact: true })).toBeHidden();
  await dialog.getByRole('button', { name: 'Show the values of LOG_LEVEL' }).click();
  await expect(dialog.getByText('theirs', { exact: true })).toBeVisible();
  await expect(dialog.getByText('mine', { exact: true })).toBeVisible();
  await isAccessible(shop);
  await dialog.getByRole('button', { name: 'Keep mine of LOG_LEVEL' }).click();
  await dialog.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(shop.getByText('not saved')).toBeHidden();
  await expect(dialog).toBeHidden();
  expect(await api.get(`${PROD}/secrets`)).toHaveProperty('data', { DATABASE_URL: 'also mine', LOG_LEVEL: 'mine' });
});

test('what is dropped for the sake of theirs leaves the rest to be saved', async ({ shop, api }) => {
  await edit(shop, 'LOG_LEVEL', 'mine');
  await edit(shop, 'DATABASE_URL', 'of prod');
  await api.put(`${PROD}/secrets/LOG_LEVEL`, { value: 'theirs' });
  await shop.getByRole('button', { name: 'Choose what counts' }).click();
  await shop.getByRole('button', { name: 'Keep theirs of LOG_LEVEL' }).click();
  await shop.getByRole('dialog').getByRole('button', { name: 'Save as one revision' }).click();
  await expect(shop.getByText('not saved')).toBeHidden();
  expect(await api.get(`${PROD}/secrets`)).toHaveProperty('data', { DATABASE_URL: 'of prod', LOG_LEVEL: 'theirs' });
});

test('what somebody else saved of other keys is no obstacle', async ({ shop, api }) => {
  await edit(shop, 'LOG_LEVEL', 'mine');
  await api.put(`${PROD}/secrets/OTHER`, { value: 'theirs' });
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(shop.getByText('not saved')).toBeHidden();
  const { data } = await api.get(`${PROD}/secrets`);
  expect(data).toMatchObject({ LOG_LEVEL: 'mine', OTHER: 'theirs' });
});

test('what is typed while something is saved is not lost', async ({ shop, api }) => {
  let release = () => {};
  const held = new Promise<void>((done) => (release = done));
  await shop.route('**/configs/prod/secrets', async (route) => {
    if (route.request().method() === 'PATCH') await held;
    await route.continue();
  });
  await edit(shop, 'LOG_LEVEL', 'first');
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  await edit(shop, 'LOG_LEVEL', 'second');
  await edit(shop, 'DATABASE_URL', 'of prod');
  await tells(shop, /Saved as revision/, async () => release());
  await expect(shop.getByText('2 changes not saved: 1 new, 1 changed')).toBeVisible();
  expect(await api.get(`${PROD}/secrets`)).toHaveProperty('data.LOG_LEVEL', 'first');
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(shop.getByText('not saved')).toBeHidden();
  expect(await api.get(`${PROD}/secrets`)).toHaveProperty('data', { DATABASE_URL: 'of prod', LOG_LEVEL: 'second' });
});

test('what is removed is struck, gone once it is saved, and back when that is undone', async ({ shop, api }) => {
  await api.put(`${PROD}/secrets/DATABASE_URL`, { value: SECRET });
  await shop.reload();
  const revisions = async () => ((await api.get(`${PROD}/revisions`))['revisions'] as unknown[]).length;
  const row = shop.getByRole('row', { name: 'DATABASE_URL' });
  await shop.getByRole('button', { name: 'More for DATABASE_URL' }).click();
  await shop.getByRole('menuitem', { name: 'Remove override; base counts again' }).click();
  await expect(row).toContainText('removed');
  await expect(shop.getByText('1 change not saved: 1 removed')).toBeVisible();
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  const undo = await offered(shop);
  await expect(row).toContainText('○ base');
  const before = await revisions();
  await tells(shop, /Undone as revision/, () => undo.click());
  await expect(row).toContainText('own overrides base');
  expect(await revisions()).toBe(before + 1);
  expect(await api.get(`${PROD}/secrets/DATABASE_URL`)).toHaveProperty('value', SECRET);
  await isNowhere(shop, SECRET);
});

test('an undo takes nothing from others', async ({ shop, api }) => {
  await edit(shop, 'LOG_LEVEL', 'mine');
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  const undo = await offered(shop);
  await api.put(`${PROD}/secrets/OTHER`, { value: 'theirs' });
  await tells(shop, /Not undone/, () => undo.click());
  expect(await api.get(`${PROD}/secrets`)).toHaveProperty('data.LOG_LEVEL', 'mine');
});

test('changes are reviewed key by key, and a value is shown only when it is asked for', async ({ shop }) => {
  await edit(shop, 'DATABASE_URL', 'canary-after');
  await shop.getByRole('button', { name: 'Review…' }).click();
  const dialog = shop.getByRole('dialog', { name: 'Review 1 change' });
  await expect(dialog.getByRole('listitem')).toContainText('DATABASE_URL new overrides base');
  await isNowhere(shop, SECRET);
  await isNowhere(shop, 'canary-after');
  await dialog.getByRole('button', { name: 'Show the values of DATABASE_URL' }).click();
  await expect(dialog.getByText(SECRET)).toBeVisible();
  await expect(dialog.getByText('canary-after')).toBeVisible();
  await shop.evaluate(() => window.dispatchEvent(new Event('blur')));
  await expect(dialog.getByText(SECRET)).toBeHidden();
  await isNowhere(shop, SECRET);
  await dialog.getByRole('button', { name: 'Back' }).click();
  await shop.getByRole('button', { name: 'Discard' }).click();
  await isNowhere(shop, 'canary-after');
});

test('what is discarded by accident is brought back', async ({ shop, api }) => {
  await edit(shop, 'LOG_LEVEL', 'canary-typed');
  await shop.getByRole('button', { name: 'Discard' }).click();
  const undo = await offered(shop);
  await expect(shop.getByText('not saved')).toBeHidden();
  await undo.click();
  await expect(shop.getByText('1 change not saved: 1 changed')).toBeVisible();
  await isNowhere(shop, 'canary-typed');
  await shop.keyboard.press('Control+s');
  await expect(shop.getByText('not saved')).toBeHidden();
  await isNowhere(shop, 'canary-typed');
  expect(await api.get(`${PROD}/secrets`)).toHaveProperty('data.LOG_LEVEL', 'canary-typed');
});

test('what is saved here is not marked as what others did', async ({ shop, api }) => {
  await edit(shop, 'LOG_LEVEL', 'mine');
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(shop.getByText('not saved')).toBeHidden();
  const { revision } = await api.get(`${PROD}/secrets`);
  await expect(shop.getByText(`Inherits from base · revision ${revision}`)).toBeVisible();
  await expect(shop.locator('tr[data-marked]')).toHaveCount(0);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the page is for everybody in ${colorScheme} colours`, async ({ shop, api }) => {
    await shop.emulateMedia({ colorScheme });
    await edit(shop, 'DATABASE_URL', 'new here');
    await edit(shop, 'LOG_LEVEL', 'changed here');
    await sees(shop, 'tr[data-marked]', /DSN/, () => api.put(`${PROD}/secrets/DSN`, { value: '${DATABASE_URL}' }));
    await isAccessible(shop);
    await shop.getByRole('button', { name: 'Reveal DSN' }).click();
    await expect(shop.getByText('comes to')).toBeVisible();
    await isAccessible(shop);
    await shop.getByRole('button', { name: 'Review…' }).click();
    await shop.getByRole('button', { name: 'Show the values of LOG_LEVEL' }).click();
    await expect(shop.getByText('Before', { exact: true })).toBeVisible();
    await isAccessible(shop);
    await shop.getByRole('button', { name: 'Back' }).click();
    await shop.getByRole('button', { name: 'More for LOG_LEVEL' }).click();
    await expect(shop.getByRole('menuitem', { name: 'Edit' })).toBeVisible();
    await isAccessible(shop);
    await shop.keyboard.press('Escape');
    await shop.getByRole('button', { name: 'Import' }).click();
    await shop.getByLabel('Text to import').fill('LOG_LEVEL=warn\nNEW=1\n');
    await expect(shop.getByRole('row', { name: 'NEW new' })).toBeVisible();
    await isAccessible(shop);
    await shop.getByLabel('Text to import').fill('broken');
    await expect(shop.getByRole('dialog').getByRole('alert')).toBeVisible();
    await isAccessible(shop);
  });
}

test('a key is renamed with its value, in one revision', async ({ shop, api }) => {
  await shop.getByRole('button', { name: 'More for LOG_LEVEL' }).click();
  await shop.getByRole('menuitem', { name: 'Rename…' }).click();
  const dialog = shop.getByRole('dialog', { name: 'Rename LOG_LEVEL' });
  await dialog.getByLabel('New key').fill('DATABASE_URL');
  await dialog.getByRole('button', { name: 'Rename' }).click();
  await expect(dialog.getByText('There is such a key already')).toBeVisible();
  await isAccessible(shop);
  await dialog.getByLabel('New key').fill('log_verbosity');
  await dialog.getByRole('button', { name: 'Rename' }).click();
  await expect(shop.getByText('2 changes not saved: 1 new, 1 removed')).toBeVisible();
  await shop.keyboard.press('Control+s');
  await expect(shop.getByText('not saved')).toBeHidden();
  const { data } = await api.get(`${PROD}/secrets`);
  expect(data).toMatchObject({ LOG_LEVEL: 'info', LOG_VERBOSITY: 'warn' });
});

test('a key that somebody else changes is marked, and what is being typed stays', async ({ shop, api }) => {
  await shop.getByRole('button', { name: 'Edit LOG_LEVEL' }).click();
  const field = shop.getByRole('textbox', { name: 'Value of LOG_LEVEL' });
  await field.fill('half a tho');
  await sees(shop, 'tr[data-marked]', /DATABASE_URL/, async () => {
    await api.put('/api/projects/shop/configs/base/secrets/DATABASE_URL', { value: 'another' });
    await api.patch(`${PROD}/secrets`, { delete: ['LOG_LEVEL'] });
  });
  await expect(field).toHaveValue('half a tho');
  await expect(field).toBeFocused();
});
