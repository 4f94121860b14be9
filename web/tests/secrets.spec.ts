import type { Page } from '@playwright/test';

import { expect, isAccessible, isNowhere, SECRET, sees, tells, test } from './fixtures.ts';

test.beforeEach(async ({ shop }) => {
  await shop.goto('/p/shop/c/prod');
  await expect(shop.getByRole('grid', { name: 'Secrets' })).toBeVisible();
});

async function removeOverride(shop: Page) {
  await shop.getByRole('button', { name: 'More for LOG_LEVEL' }).click();
  await shop.getByRole('menuitem', { name: 'Remove override; base counts again' }).click();
}

test('the table says where each value is from, and holds none', async ({ shop }) => {
  const row = (key: string) => shop.getByRole('row', { name: key });
  await expect(row('DATABASE_URL')).toContainText('○ base');
  await expect(row('LOG_LEVEL')).toContainText('own overrides base');
  await isNowhere(shop, SECRET);
  await shop.getByText('Overrides 1').click();
  await expect(row('DATABASE_URL')).toBeHidden();
  await shop.getByText('All 2').click();
  await shop.keyboard.press('/');
  await shop.keyboard.type('data');
  await expect(row('LOG_LEVEL')).toBeHidden();
  await expect(row('DATABASE_URL')).toBeVisible();
});

test('a value is copied without being shown', async ({ shop }) => {
  await tells(shop, /DATABASE_URL is copied/, () => shop.getByRole('button', { name: 'Copy DATABASE_URL' }).click());
  expect(await shop.evaluate(() => navigator.clipboard.readText())).toBe(SECRET);
  await isNowhere(shop, SECRET);
});

test('a value that is shown goes when the page is left, and after a minute', async ({ shop }) => {
  await shop.clock.install();
  const reveal = shop.getByRole('button', { name: 'Reveal DATABASE_URL' });
  await reveal.click();
  await expect(shop.getByText(SECRET)).toBeVisible();
  await shop.evaluate(() => window.dispatchEvent(new Event('blur')));
  await expect(shop.getByText(SECRET)).toBeHidden();
  await reveal.click();
  await expect(shop.getByText(SECRET)).toBeVisible();
  // The clock goes on by itself, too.
  await shop.clock.fastForward('00:40');
  await expect(shop.getByText(SECRET)).toBeVisible();
  await shop.clock.fastForward('00:25');
  await expect(shop.getByText(SECRET)).toBeHidden();
  await isNowhere(shop, SECRET);
});

test('a value that somebody else changes is not shown any longer', async ({ shop, api }) => {
  await shop.getByRole('button', { name: 'Reveal DATABASE_URL' }).click();
  await expect(shop.getByText(SECRET)).toBeVisible();
  await api.put('/api/projects/shop/configs/base/secrets/LOG_LEVEL', { value: 'trace' });
  await api.put('/api/projects/shop/configs/base/secrets/DATABASE_URL', { value: 'another' });
  await expect(shop.getByText(SECRET)).toBeHidden();
  await isNowhere(shop, SECRET);
});

test('several edits are saved as one revision, by keyboard', async ({ shop, api }) => {
  const revisions = async () => (await api.get('/api/projects/shop/configs/prod/revisions'))['revisions'] as unknown[];
  const before = await revisions();
  await shop.getByRole('button', { name: 'Edit LOG_LEVEL' }).press('Enter');
  const field = shop.getByRole('textbox', { name: 'Value of LOG_LEVEL' });
  await expect(field).toHaveValue('warn');
  await isAccessible(shop);
  await field.fill('debug\nand more');
  await field.press('Control+Enter');
  await expect(shop.getByRole('row', { name: 'LOG_LEVEL' })).toBeFocused();
  await shop.getByRole('button', { name: 'Edit DATABASE_URL' }).press('Enter');
  await shop.getByRole('textbox', { name: 'Value of DATABASE_URL' }).fill('of prod');
  await shop.keyboard.press('Control+Enter');
  await expect(shop.getByText('2 changes not saved: 1 new, 1 changed')).toBeVisible();
  await isAccessible(shop);
  await tells(shop, /Saved as revision \d+/, () => shop.keyboard.press('Control+s'));

  const { data } = await api.get('/api/projects/shop/configs/prod/secrets');
  expect(data).toEqual({ DATABASE_URL: 'of prod', LOG_LEVEL: 'debug\nand more' });
  expect(await revisions()).toHaveLength(before.length + 1);
});

test('Esc restores, and an override that is removed lets the inherited value count again', async ({ shop, api }) => {
  await shop.getByRole('button', { name: 'Edit LOG_LEVEL' }).click();
  await shop.getByRole('textbox', { name: 'Value of LOG_LEVEL' }).fill('thrown away');
  await shop.keyboard.press('Escape');
  await expect(shop.getByText('not saved')).toBeHidden();
  await removeOverride(shop);
  await shop.getByRole('button', { name: 'Undo the change of LOG_LEVEL' }).click();
  await expect(shop.getByText('not saved')).toBeHidden();
  await removeOverride(shop);
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(shop.getByRole('row', { name: 'LOG_LEVEL' })).toContainText('○ base');
  const { data } = await api.get('/api/projects/shop/configs/prod/secrets');
  expect(data).toHaveProperty('LOG_LEVEL', 'info');
});

test('a page with unsaved changes is not left unasked', async ({ shop }) => {
  await removeOverride(shop);
  await shop.getByRole('link', { name: 'All projects' }).click();
  const dialog = shop.getByRole('dialog', { name: 'Leave without saving?' });
  await dialog.getByRole('button', { name: 'Stay' }).click();
  await expect(shop.getByText('1 change not saved: 1 removed')).toBeVisible();
  await shop.getByRole('link', { name: 'All projects' }).click();
  await dialog.getByRole('button', { name: 'Leave' }).click();
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
});

test('markup in a value stays text', async ({ shop, api }) => {
  const markup = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>';
  const path = '/api/projects/shop/configs/prod/secrets/LOG_LEVEL';
  await sees(shop, 'tr[data-marked]', /LOG_LEVEL/, () => api.put(path, { value: markup }));
  await shop.getByRole('button', { name: 'Reveal LOG_LEVEL' }).click();
  await expect(shop.getByText(markup)).toBeVisible();
  await expect(shop).toHaveTitle('prod · shop · Secrets');
});

test('what became of one key is a step away', async ({ shop }) => {
  await shop.getByRole('button', { name: 'More for LOG_LEVEL' }).click();
  await shop.getByRole('menuitem', { name: 'History of this key' }).click();
  await expect(shop).toHaveURL(/\/p\/shop\/c\/prod\/history\?key=LOG_LEVEL$/);
});
