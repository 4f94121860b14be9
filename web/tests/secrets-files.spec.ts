import type { Page } from '@playwright/test';

import { expect, isAccessible, isNowhere, SECRET, tells, test } from './fixtures.ts';

const FILE = `DATABASE_URL='canary-of-prod'\nLOG_LEVEL=warn\nNEW_KEY="two\nlines"\n`;

async function paste(page: Page, text: string) {
  await page.evaluate((text) => navigator.clipboard.writeText(text), text);
  await page.keyboard.press('Control+v');
}

test.beforeEach(async ({ shop }) => {
  await shop.goto('/p/shop/c/prod');
  await expect(shop.getByRole('grid', { name: 'Secrets' })).toBeVisible();
});

test('a file that is pasted into the page shows what it would change, and is saved with everything else', async ({ shop, api }) => {
  await paste(shop, FILE);
  const dialog = shop.getByRole('dialog', { name: 'Import into prod' });
  const row = (key: string) => dialog.getByRole('row', { name: key });
  await expect(row('DATABASE_URL')).toContainText('new overrides base');
  await expect(row('LOG_LEVEL')).toContainText('same');
  await expect(row('NEW_KEY')).toContainText('new');
  await isNowhere(shop, 'canary-of-prod');
  await isAccessible(shop);
  await dialog.getByRole('button', { name: 'Add 2 changes' }).click();
  await expect(shop.getByText('2 changes not saved: 2 new')).toBeVisible();
  await isNowhere(shop, 'canary-of-prod');
  expect(await api.get('/api/projects/shop/configs/prod/secrets')).toHaveProperty('data.DATABASE_URL', SECRET);
  await shop.keyboard.press('Control+s');
  await expect(shop.getByText('not saved')).toBeHidden();
  expect(await api.get('/api/projects/shop/configs/prod/secrets')).toHaveProperty('data', {
    DATABASE_URL: 'canary-of-prod',
    LOG_LEVEL: 'warn',
    NEW_KEY: 'two\nlines',
  });
});

test('what is wrong in a file is told by line, and can be mended there', async ({ shop }) => {
  await paste(shop, 'A=1\nB\nC="open\n');
  const dialog = shop.getByRole('dialog', { name: 'Import into prod' });
  await expect(dialog.getByRole('listitem').first()).toContainText('Line 2');
  await expect(dialog.getByRole('button', { name: 'Add to changes' })).toBeDisabled();
  await isAccessible(shop);
  await dialog.getByRole('button', { name: 'Show the text' }).click();
  await dialog.getByLabel('Text to import').fill('A=1\nB=2\n');
  await expect(dialog.getByRole('row', { name: 'B new' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(shop.getByText('not saved')).toBeHidden();
});

test('a file is dropped anywhere, or chosen, and its name says what it is', async ({ shop }) => {
  const drop = (type: string) =>
    shop.evaluate((type) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['{"PORT": "8080"}'], 'shop.json'));
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }, type);
  await drop('dragover');
  await expect(shop.getByText('Drop the file to see what it would change in prod')).toBeVisible();
  await drop('drop');
  const dialog = shop.getByRole('dialog', { name: 'Import into prod' });
  await expect(dialog.getByRole('row', { name: 'PORT new' })).toBeVisible();
  await expect(dialog.getByText('shop.json, 1 line')).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await shop.getByRole('button', { name: 'Import' }).click();
  const chooser = shop.waitForEvent('filechooser');
  await dialog.getByRole('button', { name: 'Choose a file' }).click();
  await (await chooser).setFiles({ name: 'more.yaml', mimeType: 'text/yaml', buffer: Buffer.from('HOST: example.org\n') });
  await expect(dialog.getByRole('row', { name: 'HOST new' })).toBeVisible();
});

test('what is pasted into a field stays there', async ({ shop }) => {
  await shop.getByLabel('Filter keys').focus();
  await paste(shop, 'A=1');
  await expect(shop.getByLabel('Filter keys')).toHaveValue('A=1');
  await expect(shop.getByRole('dialog')).toBeHidden();
});

test('all values are copied and downloaded in each form, in one read on record', async ({ shop, api }) => {
  const expected = { DATABASE_URL: SECRET, LOG_LEVEL: 'warn' };
  const choose = async (name: string) => {
    await shop.getByRole('button', { name: 'Export' }).click();
    await shop.getByRole('menuitem', { name }).click();
  };
  await tells(shop, /All of prod is copied as JSON/, () => choose('Copy as JSON'));
  expect(JSON.parse(await shop.evaluate(() => navigator.clipboard.readText()))).toEqual(expected);
  const download = shop.waitForEvent('download');
  await choose('Download .env');
  const file = await download;
  expect(file.suggestedFilename()).toBe('shop-prod.env');
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toBe(`DATABASE_URL=${SECRET}\nLOG_LEVEL=warn\n`);
  await isNowhere(shop, SECRET);

  await api.put('/api/projects/shop/configs/prod/secrets/ODD', { value: "a 'quote' and a \\ backslash" });
  await tells(shop, /Not copied.*ODD/, () => choose('Copy as .env'));
});

test('all values are shown at once, and go together', async ({ shop }) => {
  await shop.getByRole('button', { name: 'Export' }).click();
  await shop.getByRole('menuitem', { name: 'Reveal all for a minute' }).click();
  await expect(shop.getByText(SECRET)).toBeVisible();
  await expect(shop.getByText('warn', { exact: true })).toBeVisible();
  await shop.evaluate(() => window.dispatchEvent(new Event('blur')));
  await expect(shop.getByText('warn', { exact: true })).toBeHidden();
  await isNowhere(shop, SECRET);
});
