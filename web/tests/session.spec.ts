import { expect, isNowhere, PASSWORD, signIn, test } from './fixtures.ts';

test('whoever comes with an address gets there once they are signed in', async ({ page, api }) => {
  await api.post('/api/projects', { slug: 'shop' });
  await api.post('/api/projects/shop/configs', { slug: 'base' });
  await page.goto('/p/shop/c/base');
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'base' })).toBeVisible();
  await isNowhere(page, PASSWORD);
});

test('a wrong password is told, without telling whether there is such a user', async ({ page, api }) => {
  await api.get('/api/me');
  await page.goto('/');
  await page.getByLabel('Username').fill('nobody');
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toHaveText('Username or password is not right.');
});

test('a session that ends loses nothing that was typed', async ({ shop, api }) => {
  await shop.goto('/p/shop/c/prod');
  await shop.getByRole('button', { name: 'Add', exact: true }).click();
  await shop.getByLabel('Key', { exact: true }).fill('PAYMENT_KEY');
  await shop.getByRole('textbox', { name: 'Value' }).fill('typed and not saved');
  await shop.getByRole('button', { name: 'Add to changes' }).click();
  await api.endSessions();

  // Told by the stream of changes, which ends with the session.
  const dialog = shop.getByRole('dialog', { name: 'Your session has ended' });
  await dialog.getByLabel('Password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog).toBeHidden();
  await expect(shop.getByText('1 change not saved: 1 new')).toBeVisible();
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(shop.getByText('1 change not saved: 1 new')).toBeHidden();
  expect(await api.get('/api/projects/shop/configs/prod/secrets')).toHaveProperty('data.PAYMENT_KEY', 'typed and not saved');
});
