import { expect, isAccessible, tells, test } from './fixtures.ts';

test('settings of the workspace say what they mean, and count when they are saved', async ({ shop, api }) => {
  await shop.goto('/settings');
  const save = shop.getByRole('button', { name: 'Save settings' });
  await expect(save).toBeDisabled();
  const projects = shop.getByRole('radiogroup', { name: 'In a project in which they have no role' });
  await projects.getByRole('radio', { name: 'Viewer' }).check();
  await shop.getByRole('switch', { name: 'Values may refer to others' }).uncheck({ force: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    await shop.emulateMedia({ colorScheme });
    await isAccessible(shop);
  }
  await tells(shop, /Settings saved/, () => save.click());
  await expect(save).toBeDisabled();
  const { settings } = await api.get('/api/workspace/settings');
  expect(settings).toMatchObject({ defaultProjectRole: 'viewer', referencingEnabled: false, defaultWorkspaceRole: 'viewer' });
});

test('an owner sees how the keys stand, and which server this is', async ({ shop, api }) => {
  await shop.goto('/settings');
  const { rootKey } = (await api.get('/api/keys')) as { rootKey: { fingerprint: string } };
  const keys = shop.getByRole('region', { name: 'Keys' });
  await expect(keys).toContainText(rootKey.fingerprint);
  await expect(keys).toContainText('Nothing is to be done.');
  const { version } = await api.get('/api/version');
  await expect(shop.getByRole('region', { name: 'This server' })).toContainText(String(version));
});

test('a project is called otherwise, and deleted once its name is typed', async ({ shop, api }) => {
  await shop.goto('/p/shop/settings');
  await shop.getByLabel('Name').fill('The shop');
  await shop.getByLabel('Description').fill('Where things are sold');
  await isAccessible(shop);
  await tells(shop, /Project saved/, () => shop.getByRole('button', { name: 'Save' }).click());
  const { projects } = (await api.get('/api/projects')) as { projects: { name: string; description: string }[] };
  expect(projects[0]).toMatchObject({ name: 'The shop', description: 'Where things are sold' });

  await shop.getByRole('button', { name: 'Delete project…' }).click();
  const dialog = shop.getByRole('dialog');
  await expect(dialog).toContainText('2 configs with 3 secrets go with it');
  const remove = dialog.getByRole('button', { name: 'Delete project' });
  await expect(remove).toBeDisabled();
  await dialog.getByLabel('Type shop to go on').fill('shop');
  await isAccessible(shop);
  await remove.click();
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await expect(shop.getByRole('region', { name: 'First steps' })).toBeVisible();
  await expect(shop.getByRole('link', { name: 'prod' })).toHaveCount(0);
});

test('a config gets another name and another parent, and its address follows', async ({ shop, api }) => {
  await shop.goto('/p/shop/c/prod/settings');
  await shop.getByLabel('Name in addresses').fill('base');
  await shop.getByRole('button', { name: 'Save' }).click();
  await expect(shop.getByRole('alert')).toContainText('exists');
  await shop.getByLabel('Name in addresses').fill('production');
  await shop.getByRole('button', { name: 'Clear value' }).or(shop.locator('button.mantine-InputClearButton-root')).first().click();
  for (const colorScheme of ['light', 'dark'] as const) {
    await shop.emulateMedia({ colorScheme });
    await isAccessible(shop);
  }
  await shop.getByRole('button', { name: 'Save' }).click();
  await expect(shop).toHaveURL(/\/p\/shop\/c\/production\/settings$/);
  await expect(shop.getByLabel('Name in addresses')).toHaveValue('production');
  const { config } = (await api.get('/api/projects/shop/configs/production')) as { config: object };
  expect(config).toMatchObject({ parentSlug: null, keys: 1, ownKeys: 1 });
});

test('a config is cloned, and deleted once nothing inherits from it', async ({ shop }) => {
  await shop.goto('/p/shop/c/base/settings');
  await expect(shop.getByText('prod inherits from it.', { exact: false })).toBeVisible();
  await expect(shop.getByRole('button', { name: 'Delete config…' })).toHaveCount(0);
  await shop.getByRole('button', { name: 'Clone config…' }).click();
  await shop.getByRole('dialog').getByLabel('Name in addresses').fill('spare');
  await shop.getByRole('button', { name: 'Clone config', exact: true }).click();
  await expect(shop).toHaveURL(/\/p\/shop\/c\/spare$/);

  await shop.goto('/p/shop/c/spare/settings');
  await shop.getByRole('button', { name: 'Delete config…' }).click();
  const dialog = shop.getByRole('dialog');
  await expect(dialog).toContainText('2 secrets of its own go with it');
  await dialog.getByLabel('Type spare to go on').fill('spare');
  await dialog.getByRole('button', { name: 'Delete config' }).click();
  await expect(shop).toHaveURL(/\/p\/shop$/);
  await expect(shop.getByRole('main').getByRole('link', { name: /^base/ })).toBeVisible();
  await expect(shop.getByRole('link', { name: 'spare' })).toHaveCount(0);
});
