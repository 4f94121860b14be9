import type { Locator, Page } from '@playwright/test';

import { expect, jumpTo, OWNER, PASSWORD, test } from './fixtures.ts';

test('from signing in to a token of a machine, without a mouse', async ({ page, api, server }) => {
  await api.post('/api/projects', { slug: 'shop' });
  await api.post('/api/projects/shop/configs', { slug: 'prod' });
  await page.goto('/');
  await expect(page.getByLabel('Username')).toBeFocused();
  await page.keyboard.type(OWNER);
  await tabTo(page, page.getByLabel('Password'));
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');

  await expect(page.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await tabTo(page, page.getByRole('link', { name: /^prod/ }));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/p\/shop\/c\/prod$/);

  await expect(page.getByText('No keys yet')).toBeVisible();
  await page.keyboard.press('n');
  await expect(page.getByLabel('Key', { exact: true })).toBeFocused();
  await page.keyboard.type('api_key');
  await tabTo(page, page.getByRole('textbox', { name: 'Value' }));
  await page.keyboard.type('of the shop');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('1 change not saved: 1 new')).toBeVisible();
  await page.keyboard.press('Control+s');
  await expect(page.getByText('not saved')).toBeHidden();

  await jumpTo(page, 't', 'Tokens');
  await tabTo(page, page.getByRole('link', { name: 'New token' }));
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Name of the machine')).toBeFocused();
  await page.keyboard.type('ci');
  await tabTo(page, page.getByRole('combobox', { name: 'Project' }));
  await choose(page, 'shop');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('combobox', { name: 'Config' })).toBeFocused();
  await choose(page, 'prod');
  await tabTo(page, page.getByRole('button', { name: 'Make token' }));
  await page.keyboard.press('Enter');

  await tabTo(page, page.getByRole('button', { name: 'Copy the token' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const token = await page.evaluate(() => navigator.clipboard.readText());
  const headers = { authorization: `Bearer ${token}` };
  const read = await fetch(`${server.url}/api/projects/shop/configs/prod/secrets/API_KEY`, { headers });
  expect(await read.json()).toMatchObject({ value: 'of the shop' });
});

/** Goes on with Tab until something has the focus. */
async function tabTo(page: Page, wanted: Locator) {
  await expect(wanted).toBeVisible();
  for (let presses = 0; presses < 60; presses += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  await expect(wanted).toBeFocused();
}

/** Takes an option of the list that has the focus. */
async function choose(page: Page, name: string) {
  await page.keyboard.press('ArrowDown');
  const option = page.getByRole('option', { name, exact: true });
  await expect(option).toBeVisible();
  for (let presses = 0; presses < 10; presses += 1) {
    if ((await option.getAttribute('data-combobox-selected')) === 'true') break;
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
  await expect(option).toBeHidden();
}
