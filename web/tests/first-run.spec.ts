import { expect, isAccessible, isNowhere, OWNER, PASSWORD, SECRET, test } from './fixtures.ts';

test('from an empty server to a saved secret, and out again', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Make the owner' })).toBeVisible();
  await isAccessible(page);
  await page.getByLabel('Username').fill(OWNER);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the owner' }).click();

  await page.getByRole('button', { name: 'New project' }).click();
  await page.getByLabel('Name in addresses').fill('web-shop');
  await page.getByRole('button', { name: 'Make project' }).click();
  await expect(page.getByRole('heading', { name: 'web-shop' })).toBeVisible();
  await isAccessible(page);
  await page.getByRole('button', { name: 'New config in web-shop' }).click();
  await page.getByLabel('Name in addresses').fill('base');
  await page.getByRole('button', { name: 'Make config' }).click();
  await expect(page).toHaveURL(/\/p\/web-shop\/c\/base$/);

  await page.getByRole('button', { name: 'Add a key' }).click();
  await isAccessible(page);
  await page.getByLabel('Key', { exact: true }).fill('database_url');
  await page.getByRole('textbox', { name: 'Value' }).fill(SECRET);
  await page.getByRole('button', { name: 'Add to changes' }).click();
  await expect(page.getByText('1 change not saved: 1 new')).toBeVisible();
  await expect(page.getByRole('dialog')).toBeHidden();
  await isNowhere(page, SECRET);
  await page.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(page.getByText('not saved')).toBeHidden();
  await isNowhere(page, SECRET);

  await page.getByRole('button', { name: 'Reveal DATABASE_URL' }).click();
  await expect(page.getByText(SECRET)).toBeVisible();
  await isAccessible(page);
  await page.getByRole('button', { name: 'Hide DATABASE_URL' }).click();
  await isNowhere(page, SECRET);

  await page.getByRole('button', { name: OWNER }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await isAccessible(page);
  await page.goto('/p/web-shop/c/base');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test.describe('with a setup token', () => {
  test.use({ setupToken: 'only-the-log-knows-this-token' });

  test('the first owner is asked for it, and a wrong one is told', async ({ page }) => {
    await page.goto('/');
    await page.getByLabel('Username').fill(OWNER);
    await page.getByLabel('Password').fill(PASSWORD);
    const make = page.getByRole('button', { name: 'Make the owner' });
    await make.click();
    const token = page.getByLabel('Setup token');
    await token.fill('guessed');
    await make.click();
    await expect(page.getByText('This is not the token in the log')).toBeVisible();
    await token.fill('only-the-log-knows-this-token');
    await make.click();
    await expect(page.getByRole('heading', { name: 'Projects' })).toBeVisible();
  });
});
