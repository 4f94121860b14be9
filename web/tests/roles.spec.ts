import { type Api, expect, isAccessible, tells, test } from './fixtures.ts';

const THEIRS = 'a long password of theirs';

/** Bob, with a role in the workspace and, if one is given, in the project `shop`. */
async function invite(api: Api, workspaceRole: string, role?: string) {
  await api.post('/api/workspace/members', { username: 'bob', password: THEIRS, workspaceRole });
  if (role !== undefined) {
    await api.put('/api/workspace/projects/shop/members', { subjectType: 'user', subjectId: 'bob', role });
  }
}

/** Everything that a page offers to do. */
const OFFERS: [path: string, button: string, needs: string][] = [
  ['/team', 'Add member', 'workspace:members:manage'],
  ['/team/groups', 'New group', 'workspace:groups:manage'],
  ['/p/shop/access', 'Give a role', 'workspace:project-members:manage'],
  ['/settings', 'Save settings', 'workspace:settings:manage'],
  ['/p/shop/settings', 'Save', 'projects:write'],
  ['/p/shop/settings', 'Delete project…', 'projects:write'],
  ['/p/shop/c/prod/settings', 'Save', 'configs:write'],
  ['/p/shop/c/prod/settings', 'Clone config…', 'secrets:write'],
  ['/p/shop/c/prod/settings', 'Delete config…', 'secrets:delete'],
];

const VIEWING = ['projects:read', 'configs:read', 'secrets:read', 'secrets:export', 'audit:read'];
const COLLABORATING = [...VIEWING, 'configs:write', 'secrets:write'];
const NOT_ADMINS = ['workspace:members:manage', 'workspace:settings:manage', 'users:manage'];

interface Case {
  workspaceRole: string;
  role?: string;
  may: (action: string) => boolean;
}

const CASES: Case[] = [
  { workspaceRole: 'owner', may: () => true },
  { workspaceRole: 'admin', may: (action) => !NOT_ADMINS.includes(action) },
  { workspaceRole: 'collaborator', role: 'viewer', may: (action) => VIEWING.includes(action) },
  { workspaceRole: 'viewer', role: 'collaborator', may: (action) => COLLABORATING.includes(action) },
  { workspaceRole: 'viewer', role: 'admin', may: (action) => [...COLLABORATING, 'secrets:delete'].includes(action) },
];

for (const { workspaceRole, role, may } of CASES) {
  const who = role === undefined ? `a workspace ${workspaceRole}` : `a workspace ${workspaceRole} who is ${role} of the project`;
  test(`${who} is offered what they may do and nothing else`, async ({ shop, visitor, api }) => {
    await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
    await invite(api, workspaceRole, role);
    const page = await visitor('bob', THEIRS);
    for (const [path, button, needs] of OFFERS) {
      await test.step(`${button} at ${path}`, async () => {
        await page.goto(path);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await page.waitForLoadState('networkidle');
        await expect(page.getByRole('button', { name: button, exact: true })).toHaveCount(may(needs) ? 1 : 0);
      });
    }
  });
}

test('somebody without a role in a project does not find it', async ({ shop, visitor, api }) => {
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await invite(api, 'viewer');
  const page = await visitor('bob', THEIRS);
  await api.patch('/api/projects/shop', { name: 'The shop', description: 'Where things are sold' });
  await page.goto('/p/shop/settings');
  await expect(page.getByRole('heading', { name: 'There is nothing at this address' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  // The slug that was typed stands in the path, as any other would.
  await expect(page.getByRole('combobox', { name: 'Project' })).toHaveValue('shop');
  await expect(page.getByText(/The shop|Where things are sold/)).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'shop' })).toHaveCount(0);
  await expect(page.getByLabel('Description')).toHaveCount(0);
  await page.goto('/');
  await expect(page.getByText('There is no project that you may see.')).toBeVisible();
  await expect(page.getByText('shop')).toHaveCount(0);
  await page.goto('/team');
  await expect(page.getByRole('row', { name: 'ada' })).toContainText('Owner');
  await page.waitForLoadState('networkidle');
  await expect(page.getByRole('link', { name: 'Groups' })).toHaveCount(0);
  await page.goto('/team/access?user=ada');
  await expect(page.getByText('There is no project whose roles you may see.')).toBeVisible();
});

test('a role in a project is given, changed and taken away, and what it comes to is told', async ({ shop, api }) => {
  await api.post('/api/workspace/members', { username: 'bob', password: THEIRS, workspaceRole: 'viewer' });
  await api.post('/api/workspace/groups', { slug: 'developers' });
  await api.put('/api/workspace/groups/developers/members', { add: ['bob'] });
  await shop.goto('/p/shop/access');
  await expect(shop.getByText('Nothing in this project: bob.')).toBeVisible();
  await shop.getByRole('button', { name: 'Give a role' }).click();
  await shop.getByRole('combobox', { name: 'Who' }).click();
  await shop.getByRole('option', { name: 'developers' }).click();
  await shop.getByRole('radio', { name: 'Collaborator' }).check();
  await isAccessible(shop);
  await shop.getByRole('button', { name: 'Give role' }).click();

  const comesTo = shop.getByRole('table', { name: 'What it comes to' }).getByRole('row', { name: 'bob' });
  await expect(comesTo).toContainText('Collaborator, by the group developers');
  await expect(comesTo).toContainText('write secrets');
  for (const colorScheme of ['light', 'dark'] as const) {
    await shop.emulateMedia({ colorScheme });
    await isAccessible(shop);
  }
  await shop.getByRole('combobox', { name: 'Role of developers' }).click();
  await shop.getByRole('option', { name: 'Viewer' }).click();
  await expect(comesTo).toContainText('Viewer, by the group developers');
  await shop.getByRole('button', { name: 'Take the role away from developers' }).click();
  await expect(shop.getByText('Nothing in this project: bob.')).toBeVisible();
});

test('the roles of others are for owners and admins to see', async ({ shop, visitor, api }) => {
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await invite(api, 'viewer', 'viewer');
  const page = await visitor('bob', THEIRS);
  await page.goto('/p/shop/c/prod');
  await expect(page.getByRole('link', { name: 'Compare' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  await expect(page.getByRole('link', { name: 'Access' })).toHaveCount(0);
  await page.goto('/p/shop/access');
  await page.getByRole('link', { name: 'on your account' }).click();
  await expect(page.getByRole('heading', { name: 'bob', level: 1 })).toBeVisible();
});

test('what is offered goes away when the role does', async ({ shop, visitor, api }) => {
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await invite(api, 'admin');
  const page = await visitor('bob', THEIRS);
  await page.goto('/team/groups');
  await page.getByRole('button', { name: 'New group' }).click();
  await page.getByLabel('Name in addresses').fill('developers');
  await api.patch('/api/workspace/members/bob', { workspaceRole: 'viewer' });
  await page.getByRole('button', { name: 'Make group' }).click();
  await expect(page.getByRole('alert').first()).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'New group' })).toHaveCount(0);
});

test('an admin of the workspace makes groups, gives roles, and changes projects', async ({ shop, visitor, api }) => {
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await invite(api, 'admin');
  const page = await visitor('bob', THEIRS);
  await page.goto('/team/groups');
  await page.getByRole('button', { name: 'New group' }).click();
  await page.getByLabel('Name in addresses').fill('developers');
  await page.getByRole('button', { name: 'Make group' }).click();
  await expect(page.getByRole('region', { name: 'developers' })).toBeVisible();
  await page.goto('/p/shop/access');
  await page.getByRole('button', { name: 'Give a role' }).click();
  await page.getByRole('combobox', { name: 'Who' }).click();
  await page.getByRole('option', { name: 'developers' }).click();
  await page.getByRole('button', { name: 'Give role' }).click();
  await expect(page.getByRole('combobox', { name: 'Role of developers' })).toHaveValue('Viewer');
  await page.goto('/p/shop/settings');
  await page.getByLabel('Description').fill('Where things are sold');
  await tells(page, /Project saved/, () => page.getByRole('button', { name: 'Save' }).click());
  await page.goto('/settings');
  await expect(page.getByText('Only owners change these')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Keys' })).toHaveCount(0);
});

test('a collaborator of a project changes and clones its configs', async ({ shop, visitor, api }) => {
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await invite(api, 'viewer', 'collaborator');
  const page = await visitor('bob', THEIRS);
  await page.goto('/p/shop/c/prod/settings');
  await page.getByLabel('Name', { exact: true }).fill('Production');
  await tells(page, /Config saved/, () => page.getByRole('button', { name: 'Save' }).click());
  await page.getByRole('button', { name: 'Clone config…' }).click();
  await page.getByRole('dialog').getByLabel('Name in addresses').fill('spare');
  await page.getByRole('button', { name: 'Clone config', exact: true }).click();
  await expect(page).toHaveURL(/\/p\/shop\/c\/spare$/);
});

test('an admin of a project deletes its configs', async ({ shop, visitor, api }) => {
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await invite(api, 'viewer', 'admin');
  const page = await visitor('bob', THEIRS);
  await page.goto('/p/shop/c/prod/settings');
  await page.getByRole('button', { name: 'Delete config…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Type prod to go on').fill('prod');
  await dialog.getByRole('button', { name: 'Delete config' }).click();
  await expect(page).toHaveURL(/\/p\/shop$/);
  const { configs } = (await api.get('/api/projects/shop/configs')) as { configs: { slug: string }[] };
  expect(configs.map(({ slug }) => slug)).toEqual(['base']);
});

test('who may only read is told what is so, and offered nothing', async ({ shop, visitor, api }) => {
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await invite(api, 'collaborator', 'viewer');
  const page = await visitor('bob', THEIRS);
  await page.goto('/p/shop/c/prod/settings');
  await expect(page.getByText('Your role in shop is to read it.')).toBeVisible();
  await page.goto('/p/shop/settings');
  await expect(page.getByText('Owners and admins of the workspace can change this.')).toBeVisible();
  await page.goto('/settings');
  await expect(page.getByRole('region', { name: 'This server' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  await expect(page.getByRole('region', { name: 'Workspace' })).toHaveCount(0);
});

test('a phone shows each page without moving sideways', async ({ shop }) => {
  await shop.setViewportSize({ width: 360, height: 740 });
  const pages = ['/team', '/team/groups', '/team/access?user=ada', '/p/shop/access', '/settings', '/p/shop/settings', '/p/shop/c/prod/settings'];
  for (const path of pages) {
    await shop.goto(path);
    await expect(shop.getByRole('heading', { level: 1 })).toBeVisible();
    await shop.waitForLoadState('networkidle');
    const width = await shop.evaluate(() => document.documentElement.scrollWidth);
    expect(width, path).toBe(360);
  }
});
