import { expect, isAccessible, OWNER, PASSWORD, signIn, test } from './fixtures.ts';

test('the first steps lead to a token, tick themselves off, and are gone in the end', async ({ page }) => {
  await page.goto('/');
  await page.getByLabel('Username').fill(OWNER);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the owner' }).click();
  const steps = page.getByRole('region', { name: 'First steps' });
  const current = steps.locator('[aria-current=step]');
  const home = () => page.getByRole('link', { name: 'All projects' }).click();
  await expect(current).toContainText('A project');
  await isAccessible(page);
  await steps.getByRole('button', { name: 'Make the first project' }).click();
  await page.getByLabel('Name in addresses').fill('Web shop');
  await page.getByRole('button', { name: 'Make project' }).click();
  await expect(page.getByRole('dialog')).toBeHidden();

  await expect(current).toContainText('A config for what is the same everywhere');
  await expect(steps.getByRole('img', { name: 'Done' })).toHaveCount(1);
  await steps.getByRole('button', { name: 'Make the first config' }).click();
  await page.getByLabel('Name in addresses').fill('base');
  await page.getByRole('button', { name: 'Make config' }).click();
  await expect(page).toHaveURL(/\/p\/web-shop\/c\/base$/);

  await home();
  await steps.getByRole('button', { name: 'Inherit from base' }).click();
  await page.getByLabel('Name in addresses').fill('prod');
  await page.getByRole('button', { name: 'Make config' }).click();
  await expect(page).toHaveURL(/\/p\/web-shop\/c\/prod$/);

  await home();
  await steps.getByRole('link', { name: 'Go to base' }).click();
  await page.getByRole('button', { name: /^Add a/ }).first().click();
  await page.getByLabel('Key', { exact: true }).fill('LOG_LEVEL');
  await page.getByRole('textbox', { name: 'Value' }).fill('info');
  await page.getByRole('button', { name: 'Add to changes' }).click();
  await page.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(page.getByText('not saved')).toBeHidden();

  await home();
  await steps.getByRole('link', { name: 'Make a token for prod' }).click();
  await page.getByLabel('Name of the machine').fill('ci');
  await page.getByRole('button', { name: 'Make token' }).click();
  await expect(page.getByText('It is shown this once.')).toBeVisible();
  await home();
  await expect(page.getByRole('heading', { name: 'web-shop' })).toBeVisible();
  await expect(steps).toBeHidden();
});

test('the first steps can be put away for good', async ({ page, api }) => {
  await api.get('/api/me');
  await page.goto('/');
  await signIn(page);
  await page.getByRole('button', { name: 'Put the first steps away' }).click();
  await expect(page.getByText('A project is one application.')).toBeVisible();
  await page.reload();
  await expect(page.getByText('A project is one application.')).toBeVisible();
  await expect(page.getByRole('region', { name: 'First steps' })).toBeHidden();
});

test('configs stand as a tree, with how many keys they have and who changed them last', async ({ shop }) => {
  const lines = shop.getByRole('region', { name: 'shop' }).getByRole('listitem');
  await expect(lines).toHaveText([/^base2 keysjust now by ada$/, /^↳prodinherits base2 keys, 1 ownjust now by ada$/]);
  for (const colorScheme of ['light', 'dark'] as const) {
    await shop.emulateMedia({ colorScheme });
    await isAccessible(shop);
  }
});

test('many projects are searched, in the address', async ({ shop, api }) => {
  await expect(shop.getByRole('region', { name: 'shop' })).toBeVisible();
  await expect(shop.getByLabel('Find a project')).toBeHidden();
  for (const slug of ['api', 'billing', 'crm', 'docs', 'erp', 'forum']) {
    await api.post('/api/projects', { slug, description: `What ${slug} is for` });
  }
  await shop.reload();
  await shop.getByLabel('Find a project').fill('BILL');
  await expect(shop).toHaveURL(/\/\?find=BILL$/);
  const names = shop.getByRole('heading', { level: 2 });
  await expect(names).toHaveText(['billing']);
  await shop.getByLabel('Find a project').fill('is for');
  await expect(names).toHaveCount(6);
  await shop.getByLabel('Find a project').fill('nothing');
  await expect(shop.getByText('No project is called like that.')).toBeVisible();
});

test('somebody who may make nothing is offered nothing, and told why there is nothing', async ({ page, api }) => {
  const password = 'a long password of his';
  await api.post('/api/workspace/members', { username: 'bob', password, workspaceRole: 'viewer' });
  await page.goto('/');
  const permissions = page.waitForResponse('**/api/me/permissions');
  await signIn(page, 'bob', password);
  await permissions;
  await expect(page.getByText('There is no project that you may see.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'New project' })).toBeHidden();
  await api.post('/api/projects', { slug: 'shop' });
  await api.post('/api/projects/shop/configs', { slug: 'base' });
  await api.put('/api/workspace/projects/shop/members', { subjectType: 'user', subjectId: 'bob', role: 'viewer' });
  await page.reload();
  await expect(page.getByRole('link', { name: /^base/ })).toBeVisible();
  await page.waitForLoadState('networkidle');
  await expect(page.getByRole('button', { name: 'New config in shop' })).toBeHidden();
  await expect(page.getByRole('region', { name: 'First steps' })).toBeHidden();
});
