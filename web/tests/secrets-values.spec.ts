import { expect, isAccessible, isNowhere, SECRET, test } from './fixtures.ts';

const PROD = '/api/projects/shop/configs/prod';

test('a reference is shown as it is written, leads to its origin, and what it comes to stands beneath', async ({ shop, api }) => {
  await api.put(`${PROD}/secrets/DSN`, { value: '${base.DATABASE_URL}?app=${LOG_LEVEL}' });
  await shop.goto('/p/shop/c/prod');
  await shop.getByRole('button', { name: 'Reveal DSN' }).click();
  await expect(shop.getByText(`${SECRET}?app=warn`)).toBeVisible();
  await isAccessible(shop);
  const link = shop.getByRole('link', { name: '${base.DATABASE_URL}' });
  await expect(link).toHaveAttribute('href', '/p/shop/c/base?filter=DATABASE_URL');
  await shop.getByRole('link', { name: '${LOG_LEVEL}' }).click();
  await expect(shop.getByRole('row', { name: 'DSN' })).toBeHidden();
  await expect(shop.getByLabel('Filter keys')).toHaveValue('LOG_LEVEL');
  await shop.getByLabel('Filter keys').fill('');
  await link.click();
  await expect(shop.getByRole('heading', { name: 'base' })).toBeVisible();
  await isNowhere(shop, SECRET);
});

test('references are completed with keys alone, within the config and beyond it', async ({ shop, api }) => {
  await api.post('/api/projects', { slug: 'web' });
  await api.post('/api/projects/web/configs', { slug: 'live' });
  await api.put('/api/projects/web/configs/live/secrets/HOST', { value: 'x' });
  await shop.goto('/p/shop/c/prod');
  await shop.getByRole('button', { name: 'Edit LOG_LEVEL' }).click();
  const field = shop.getByRole('textbox', { name: 'Value of LOG_LEVEL' });
  await field.fill('');
  await shop.keyboard.type('${');
  const list = shop.getByRole('listbox', { name: 'References' });
  await expect(list.getByRole('option')).toHaveText(['DATABASE_URL', 'LOG_LEVEL', 'base.…', 'prod.…', 'web.…']);
  await expect(field).toHaveAttribute('aria-activedescendant', /-0$/);
  await isAccessible(shop);
  await shop.keyboard.type('data');
  await expect(list.getByRole('option')).toHaveText(['DATABASE_URL']);
  await shop.keyboard.press('Enter');
  await expect(field).toHaveValue('${DATABASE_URL}');
  await expect(list).toBeHidden();

  await shop.keyboard.type(' ${web');
  await expect(list.getByRole('option')).toHaveText(['web.…']);
  await shop.keyboard.press('Tab');
  await expect(list.getByRole('option')).toHaveText(['web.live.…']);
  await shop.keyboard.press('Enter');
  await expect(list.getByRole('option')).toHaveText(['web.live.HOST']);
  await shop.keyboard.press('Enter');
  await expect(field).toHaveValue('${DATABASE_URL} ${web.live.HOST}');

  await shop.keyboard.type(' ${');
  await shop.keyboard.press('ArrowDown');
  await expect(list.getByRole('option', { name: 'LOG_LEVEL' })).toHaveAttribute('aria-selected', 'true');
  await shop.keyboard.press('Escape');
  await expect(list).toBeHidden();
  await expect(field).toBeVisible();
  await shop.keyboard.press('Escape');
  await expect(field).toBeHidden();
  await expect(shop.getByText('not saved')).toBeHidden();
});

test('a long value is kept, and one that is too long is told before it is sent', async ({ shop, api }) => {
  await shop.goto('/p/shop/c/prod');
  await shop.getByRole('button', { name: 'Edit LOG_LEVEL' }).click();
  const field = shop.getByRole('textbox', { name: 'Value of LOG_LEVEL' });
  await field.fill('x'.repeat(65_537));
  await expect(shop.getByText('This is 65 KiB long, and a value has 64 KiB at most')).toBeVisible();
  await expect(shop.getByRole('button', { name: 'Keep' })).toBeDisabled();
  const long = 'line of a certificate\n'.repeat(2_978);
  await shop.evaluate((text) => navigator.clipboard.writeText(text), long);
  await field.press('Control+a');
  await field.press('Control+v');
  await shop.getByRole('button', { name: 'Keep' }).click();
  await shop.getByRole('button', { name: 'Save as one revision' }).click();
  await expect(shop.getByText('not saved')).toBeHidden();
  expect(await api.get(`${PROD}/secrets/LOG_LEVEL`)).toHaveProperty('value', long);
  await shop.getByRole('button', { name: 'Edit DATABASE_URL' }).click();
  await shop.getByRole('textbox', { name: 'Value of DATABASE_URL' }).fill('');
  await expect(shop.getByText('Keeping it overrides base.')).toBeVisible();
  await shop.getByRole('button', { name: 'Keep' }).click();
  await shop.getByRole('button', { name: 'Reveal DATABASE_URL' }).click();
  await expect(shop.getByRole('row', { name: 'DATABASE_URL' }).getByText('empty')).toBeVisible();
});

test('an empty config has three ways on', async ({ shop, api }) => {
  await api.post('/api/projects/shop/configs', { slug: 'dev' });
  await shop.goto('/p/shop/c/dev');
  await isAccessible(shop);
  await shop.getByRole('button', { name: 'Paste a .env' }).click();
  await expect(shop.getByLabel('Text to import')).toBeFocused();
  await shop.keyboard.press('Escape');
  await shop.getByRole('button', { name: 'Add a key' }).click();
  await expect(shop.getByRole('dialog', { name: 'Add a secret' })).toBeVisible();
  await shop.keyboard.press('Escape');
  await shop.getByRole('button', { name: 'Inherit from another config' }).click();
  const dialog = shop.getByRole('dialog', { name: 'Let dev inherit' });
  await dialog.getByRole('combobox', { name: 'Inherits from' }).click();
  await shop.getByRole('option', { name: 'base' }).click();
  await isAccessible(shop);
  await dialog.getByRole('button', { name: 'Inherit' }).click();
  await expect(shop.getByRole('row', { name: 'DATABASE_URL' })).toContainText('○ base');
});

for (const role of ['viewer', 'collaborator'] as const) {
  test(`a ${role} is offered what that role may do, and nothing else`, async ({ page, api }) => {
    const password = 'another long password';
    await api.post('/api/projects', { slug: 'shop' });
    await api.post('/api/projects/shop/configs', { slug: 'prod' });
    await api.put(`${PROD}/secrets/LOG_LEVEL`, { value: 'warn' });
    await api.post('/api/workspace/members', { username: 'vera', password, workspaceRole: 'viewer' });
    await api.put('/api/workspace/projects/shop/members', { subjectType: 'user', subjectId: 'vera', role });
    await page.goto('/p/shop/c/prod');
    await page.getByLabel('Username').fill('vera');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const mayWrite = role === 'collaborator';
    const offered = (name: string) => page.getByRole('button', { name, exact: true });
    await expect(offered('Reveal LOG_LEVEL')).toBeVisible();
    await expect(offered('Export')).toBeVisible();
    for (const name of ['Add', 'Import', 'Edit LOG_LEVEL']) await expect(offered(name)).toBeVisible({ visible: mayWrite });
    await page.keyboard.press('n');
    await expect(page.getByRole('dialog')).toBeVisible({ visible: mayWrite });
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await offered('More for LOG_LEVEL').click();
    const items = ['Copy name', 'Copy value', 'History of this key', 'Events of this key'];
    await expect(page.getByRole('menuitem')).toHaveText(mayWrite ? ['Edit', ...items] : items);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('textbox', { name: 'Value of LOG_LEVEL' })).toBeVisible({ visible: mayWrite });
  });
}

test('what a value refers to is told, and what is wrong with that has a reason and a way out', async ({ shop, api }) => {
  await api.put(`${PROD}/secrets/HOST`, { value: 'db' });
  await api.put(`${PROD}/secrets/DSN`, { value: '${HOST} ${LOG_LEVEL}' });
  await shop.goto('/p/shop/c/prod');
  await expect(shop.getByRole('row', { name: 'DSN' })).toContainText('→ 2 refs');
  await expect(shop.getByText(/^Problems/)).toBeHidden();
  await api.patch(`${PROD}/secrets`, { delete: ['HOST'] });
  await shop.reload();
  await shop.getByText('Problems 1').click();
  await expect(shop).toHaveURL(/origin=problems$/);
  await expect(shop.getByRole('row', { name: 'DSN' })).toContainText('Refers to a key that is not there: edit the value, or add the key');
  await expect(shop.getByRole('row', { name: 'LOG_LEVEL' })).toBeHidden();
  await isAccessible(shop);
});
