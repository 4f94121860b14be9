import { expect, isAccessible, jumpTo, test } from './fixtures.ts';

test('anything is a few letters away', async ({ shop }) => {
  await shop.keyboard.press('Control+k');
  const field = shop.getByRole('textbox', { name: 'Search or jump to' });
  await field.fill('shop prod');
  await expect(shop.getByRole('option').first()).toHaveText(/shop \/ prod/);
  await isAccessible(shop);
  await shop.keyboard.press('Enter');
  await expect(shop.getByRole('heading', { name: 'prod', level: 1 })).toBeVisible();

  await shop.keyboard.press('Control+k');
  await field.fill('log');
  await expect(shop.getByRole('option', { name: 'LOG_LEVEL' }).first()).toHaveText(/key in prod/);
  await shop.keyboard.press('Enter');
  await expect(field).toBeHidden();
  await expect(shop).toHaveURL(/filter=LOG_LEVEL/);
});

test('shortcuts are listed, lead somewhere, and leave fields alone', async ({ shop }) => {
  await shop.goto('/p/shop/c/prod');
  const filter = shop.getByLabel('Filter keys');
  await filter.fill('g');
  await filter.press('p');
  await filter.press('?');
  await expect(filter).toHaveValue('gp?');
  await filter.fill('');
  await filter.blur();
  await shop.keyboard.press('Shift+?');
  await expect(shop.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await isAccessible(shop);
  await shop.keyboard.press('Escape');
  await expect(shop.getByRole('dialog')).toBeHidden();
  await jumpTo(shop, 'p', 'Projects');
});

test('the header leads to another project or config by typing', async ({ shop, api }) => {
  await api.post('/api/projects', { slug: 'billing' });
  await shop.goto('/p/shop/c/prod');
  await shop.getByRole('combobox', { name: 'Config' }).fill('ba');
  await shop.getByRole('option', { name: 'base' }).click();
  await expect(shop).toHaveURL('/p/shop/c/base');
  await shop.getByRole('combobox', { name: 'Project' }).fill('bil');
  await shop.getByRole('option', { name: 'billing' }).click();
  await expect(shop.getByRole('heading', { name: 'billing', level: 1 })).toBeVisible();
});

test('what others change appears by itself in every tab, over one stream', async ({ shop, context, api }) => {
  const streams: string[] = [];
  context.on('request', (request) => {
    // What the page before asked for has gone with it.
    const isStream = request.url().endsWith('/api/watch') && request.frame().url().endsWith('/p/shop/c/prod');
    if (isStream) streams.push(request.url());
  });
  await shop.goto('/p/shop/c/prod');
  await expect(shop.getByText('Live', { exact: true })).toBeVisible();
  const other = await context.newPage();
  await other.goto('/p/shop/c/prod');
  await expect(other.getByRole('rowheader', { name: 'LOG_LEVEL' })).toBeVisible();

  await api.put('/api/projects/shop/configs/base/secrets/FROM_ELSEWHERE', { value: 'x' });
  for (const page of [shop, other]) await expect(page.getByRole('rowheader', { name: 'FROM_ELSEWHERE' })).toBeVisible();
  expect(streams).toHaveLength(1);

  // The tab that has the stream goes, and the other one takes over.
  await shop.close();
  await expect(async () => expect(streams).toHaveLength(2)).toPass();
  await api.put('/api/projects/shop/configs/base/secrets/LATER', { value: 'x' });
  await expect(other.getByRole('rowheader', { name: 'LATER' })).toBeVisible();
});
