import { type Api, expect, isAccessible, test } from './fixtures.ts';

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
  await page.goto('/p/shop/settings');
  await expect(page.getByText('shop', { exact: true })).toHaveCount(0);
  await page.goto('/team');
  await expect(page.getByRole('row', { name: 'ada' })).toContainText('Owner');
  await expect(page.getByRole('link', { name: 'Groups' })).toHaveCount(0);
  await page.goto('/team/access?user=ada');
  await expect(page.getByText('There is no project yet that you may see.')).toBeVisible();
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

test('somebody who may not give roles sees who may do what', async ({ shop, visitor, api }) => {
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await invite(api, 'viewer', 'viewer');
  const page = await visitor('bob', THEIRS);
  await page.goto('/p/shop/access');
  await expect(page.getByRole('row', { name: 'ada' })).toContainText('Owner of the workspace');
  await expect(page.getByRole('row', { name: 'bob' })).toContainText('Viewer, by a role of their own');
  await expect(page.getByRole('button', { name: 'Give a role' })).toHaveCount(0);
  await expect(page.getByRole('table', { name: 'Roles given here' })).toHaveCount(0);
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
