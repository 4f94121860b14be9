import { expect, isNowhere, SECRET, tells, test } from './fixtures.ts';

test('a key is found, read, changed, and saved without a mouse', async ({ shop, api }) => {
  await shop.goto('/p/shop/c/prod');
  const row = (key: string) => shop.getByRole('row', { name: key });
  await expect(row('LOG_LEVEL')).toBeVisible();
  await shop.keyboard.press('j');
  await expect(row('DATABASE_URL')).toBeFocused();
  await shop.keyboard.press('ArrowDown');
  await expect(row('LOG_LEVEL')).toBeFocused();
  await shop.keyboard.press('k');
  await shop.keyboard.press('Space');
  await expect(shop.getByText(SECRET)).toBeVisible();
  await shop.keyboard.press('Escape');
  await expect(shop.getByText(SECRET)).toBeHidden();
  await isNowhere(shop, SECRET);
  await tells(shop, /DATABASE_URL is copied/, () => shop.keyboard.press('c'));
  expect(await shop.evaluate(() => navigator.clipboard.readText())).toBe(SECRET);

  await shop.keyboard.press('/');
  await shop.keyboard.type('log jn');
  await expect(shop.getByText('No key is like that.')).toBeVisible();
  await shop.keyboard.press('Escape');
  await shop.keyboard.type('log');
  await shop.keyboard.press('Enter');
  await expect(row('LOG_LEVEL')).toBeFocused();
  await shop.keyboard.press('Enter');
  const field = shop.getByRole('textbox', { name: 'Value of LOG_LEVEL' });
  await expect(field).toBeFocused();
  // No shortcut is meant while somebody types.
  await shop.keyboard.press('Control+a');
  await shop.keyboard.type('j/c n[');
  await shop.keyboard.press('Control+Enter');
  await expect(row('LOG_LEVEL')).toBeFocused();

  await shop.keyboard.press('n');
  const dialog = shop.getByRole('dialog', { name: 'Add a secret' });
  await expect(dialog.getByLabel('Key')).toBeFocused();
  await shop.keyboard.type('port');
  await shop.keyboard.press('Tab');
  await shop.keyboard.type('8080');
  await shop.keyboard.press('Control+Enter');
  await expect(dialog).toBeHidden();
  await expect(shop.getByText('2 changes not saved: 1 new, 1 changed')).toBeVisible();
  await shop.keyboard.press('Control+s');
  await expect(shop.getByText('not saved')).toBeHidden();
  const { data } = await api.get('/api/projects/shop/configs/prod/secrets');
  expect(data).toMatchObject({ LOG_LEVEL: 'j/c n[', PORT: '8080' });
});

test('Tab goes through the buttons of one row only, and its menu is had with keys', async ({ shop }) => {
  await shop.goto('/p/shop/c/prod');
  await expect(shop.getByRole('row', { name: 'LOG_LEVEL' })).toBeVisible();
  await shop.keyboard.press('j');
  await shop.keyboard.press('j');
  for (const name of ['Edit LOG_LEVEL', 'Reveal LOG_LEVEL', 'Copy LOG_LEVEL', 'More for LOG_LEVEL']) {
    await shop.keyboard.press('Tab');
    await expect(shop.getByRole('button', { name })).toBeFocused();
  }
  await shop.keyboard.press('Enter');
  await expect(shop.getByRole('menu', { name: 'More for LOG_LEVEL' })).toBeVisible();
  await expect(shop.getByRole('menuitem', { name: 'Edit' })).toBeFocused();
  await shop.keyboard.press('Escape');
  await expect(shop.getByRole('row', { name: 'LOG_LEVEL' })).toBeFocused();
});

test('what is filtered is in the address, and stays when the config is switched with a key', async ({ shop }) => {
  await shop.goto('/p/shop/c/prod?filter=log&origin=own');
  const row = (key: string) => shop.getByRole('row', { name: key });
  await expect(row('LOG_LEVEL')).toBeVisible();
  await expect(row('DATABASE_URL')).toBeHidden();
  await shop.keyboard.press('[');
  await expect(shop.getByRole('heading', { name: 'base' })).toBeVisible();
  await expect(row('LOG_LEVEL')).toBeVisible();
  await expect(shop).toHaveURL(/\/c\/base\?filter=log&origin=own$/);
  await shop.getByLabel('Filter keys').fill('data');
  await expect(shop).toHaveURL(/filter=data&origin=own$/);
  await shop.getByText('All 2').click();
  await expect(shop).toHaveURL(/\/c\/base\?filter=data$/);
  await shop.getByLabel('Filter keys').press('Escape');
  await shop.getByLabel('Filter keys').press('Escape');
  await expect(shop).toHaveURL(/\/c\/base$/);
  await shop.keyboard.press(']');
  await expect(shop.getByRole('heading', { name: 'prod' })).toBeVisible();
});
