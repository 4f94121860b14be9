import type { Request } from '@playwright/test';

import { report } from './data.ts';
import { expect, isAccessible, signIn, test } from './fixtures.ts';

test('while the server is away nothing typed is lost, and all goes on when it is back', async ({ shop, api, server }) => {
  await shop.goto('/p/shop/c/prod');
  await shop.getByRole('button', { name: 'Edit LOG_LEVEL' }).click();
  await shop.getByRole('textbox', { name: 'Value of LOG_LEVEL' }).fill('debug');
  await shop.getByRole('button', { name: 'Keep' }).click();
  await expect(shop.getByText('Live', { exact: true })).toBeVisible();

  await server.goAway();
  await expect(shop.getByText('Reconnecting')).toBeVisible();
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(shop.getByText(/Not saved:.*cannot be reached/)).toBeVisible();
  await expect(shop.getByText('1 change not saved: 1 changed')).toBeVisible();
  await expect(shop.getByRole('grid', { name: 'Secrets' })).toBeVisible();
  await isAccessible(shop);

  await server.comeBack();
  await expect(shop.getByText('Live', { exact: true })).toBeVisible();
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(shop.getByText('1 change not saved: 1 changed')).toBeHidden();
  expect(await api.get('/api/projects/shop/configs/prod/secrets')).toHaveProperty('data.LOG_LEVEL', 'debug');
});

test('a form that could not be sent keeps what was typed', async ({ shop, server }) => {
  await shop.goto('/tokens/new?project=shop&config=prod');
  await shop.getByLabel('Name of the machine').fill('ci');
  await server.goAway();
  await shop.getByRole('button', { name: 'Make token' }).click();
  await expect(shop.getByRole('alert')).toContainText('The server cannot be reached.');
  await server.comeBack();
  await expect(shop.getByLabel('Name of the machine')).toHaveValue('ci');
  await shop.getByRole('button', { name: 'Make token' }).click();
  await expect(shop.getByText('It is shown this once.')).toBeVisible();
});

test('a page that is gone to while the server is away fills itself when it is back', async ({ shop, server }) => {
  const open = new Set<Request>();
  let lastIsAsked = false;
  shop.on('request', (request) => {
    if (!request.url().includes('/assets/')) return;
    open.add(request);
    lastIsAsked ||= request.url().includes('/assets/ConfigSettings-');
  });
  shop.on('requestfinished', (request) => open.delete(request));
  shop.on('requestfailed', (request) => open.delete(request));
  await shop.goto('/');
  // All pages are asked for at once, the settings of a config last.
  await expect.poll(() => lastIsAsked && open.size === 0, 'all pages are loaded').toBe(true);
  await server.goAway();
  await expect(shop.getByText('Reconnecting')).toBeVisible();
  await shop.getByRole('link', { name: 'Tokens' }).click();
  await expect(shop.getByRole('heading', { name: 'Tokens' })).toBeVisible();
  await shop.getByRole('switch', { name: 'Revoked ones, too' }).click();
  await expect(shop.getByRole('alert')).toContainText('The server cannot be reached.');
  await server.comeBack();
  await expect(shop.getByText('No tokens yet.')).toBeVisible();
  await expect(shop.getByRole('alert')).toHaveCount(0);
});

test('the door opens by itself once there is a server behind it', async ({ page, api, server }) => {
  await api.get('/api/me');
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.getByLabel('Username').fill('ada');
  await server.goAway();
  await signIn(page);
  await expect(page.getByRole('alert')).toContainText('The server cannot be reached.');
  await server.comeBack();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Projects' })).toBeVisible();
});

test('a console that cannot begin tries again by itself', async ({ page, api }) => {
  await api.get('/api/me');
  await page.route('**/api/me', (route) => route.abort());
  await page.goto('/');
  await expect(page.getByRole('alert')).toContainText('The console cannot start');
  await page.unroute('**/api/me');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('what changes before a page hears of changes is seen as well', async ({ shop, api }) => {
  await report(api, 'shop', 'prod', [{ name: 'web' }]);
  let open = () => {};
  const opened = new Promise<void>((done) => (open = done));
  await shop.route('**/api/watch', async (route) => {
    await opened;
    await route.continue();
  });
  await shop.goto('/p/shop/c/prod/consumers');
  const headline = shop.getByRole('main').getByRole('status');
  await expect(headline).toHaveText(/^It has revision \d+$/);
  await api.put('/api/projects/shop/configs/prod/secrets/NEW', { value: '1' });
  open();
  await expect(headline).toHaveText(/^It does not have revision \d+ yet$/);
});
