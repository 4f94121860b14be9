import { expect, isNowhere, SECRET, signIn, test } from './fixtures.ts';

const PROD = '/p/shop/c/prod';

test('opening another row keeps what was typed in the first', async ({ shop }) => {
  await shop.goto(PROD);
  await shop.getByRole('button', { name: 'Edit LOG_LEVEL' }).click();
  await shop.getByRole('textbox', { name: 'Value of LOG_LEVEL' }).fill('typed');
  await shop.getByRole('button', { name: 'Edit DATABASE_URL' }).click();
  await expect(shop.getByRole('textbox', { name: 'Value of DATABASE_URL' })).toHaveValue(SECRET);
  await expect(shop.getByText('1 change not saved: 1 changed')).toBeVisible();
});

test('saving by keyboard takes in the editor, and leaves a dialog with its text alone', async ({ shop, api }) => {
  await shop.goto(PROD);
  await shop.getByRole('button', { name: 'Edit LOG_LEVEL' }).click();
  await shop.getByRole('textbox', { name: 'Value of LOG_LEVEL' }).fill('typed');
  await shop.keyboard.press('Control+s');
  await expect(shop.getByText('1 change not saved: 1 changed')).toBeVisible();

  await shop.getByRole('button', { name: 'Add', exact: true }).click();
  await shop.getByLabel('Key', { exact: true }).fill('SECOND');
  await shop.keyboard.press('Control+s');
  await expect(shop.getByLabel('Key', { exact: true })).toHaveValue('SECOND');
  await shop.getByRole('button', { name: 'Cancel' }).click();
  await expect(shop.getByRole('dialog')).toBeHidden();
  await shop.keyboard.press('Control+s');
  await expect(shop.getByText('not saved')).toBeHidden();
  expect(await api.get('/api/projects/shop/configs/prod/secrets')).toHaveProperty('data.LOG_LEVEL', 'typed');
});

test('a value that is shown in the history is of its own key only', async ({ shop, api }) => {
  await api.patch('/api/projects/shop/configs/prod/secrets', { set: { DATABASE_URL: SECRET, OTHER: 'plain' } });
  await shop.goto(`${PROD}/history?key=DATABASE_URL`);
  await shop.getByRole('button', { name: 'Reveal version 1' }).click();
  await expect(shop.getByText(SECRET)).toBeVisible();
  const filter = shop.getByRole('combobox', { name: 'Key' }).or(shop.getByRole('textbox', { name: 'Key' }));
  await filter.fill('OTHER');
  await filter.press('Enter');
  await expect(shop.getByRole('list', { name: 'Versions of OTHER' })).toBeVisible();
  await isNowhere(shop, SECRET);
});

test('somebody else who signs in in the same browser does not get into the page of the first', async ({ shop, context, api }) => {
  const password = 'bob has a password, too';
  await api.post('/api/workspace/members', { username: 'bob', password, workspaceRole: 'owner' });
  await shop.goto(PROD);
  await shop.getByRole('button', { name: 'Edit LOG_LEVEL' }).click();
  await shop.getByRole('textbox', { name: 'Value of LOG_LEVEL' }).fill('typed by the first');
  await shop.keyboard.press('Control+Enter');

  const other = await context.newPage();
  await other.goto('/');
  await other.getByRole('button', { name: 'ada' }).click();
  await other.getByRole('menuitem', { name: 'Sign out' }).click();
  await signIn(other, 'bob', password);
  await expect(other.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await api.put('/api/projects/shop/configs/base/secrets/NOISE', { value: 'x' });
  await shop.bringToFront();
  await expect(shop.getByRole('dialog', { name: 'Your session has ended' })).toBeVisible();
});
