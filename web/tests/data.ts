import { expect, type Page } from '@playwright/test';

import { type Api, SECRET } from './fixtures.ts';

/** Markup that would do something if it were ever taken for markup. */
export const MARKUP = `<img src=x onerror="window.taken=1"><script>window.taken=1</script>`;

/** As long as names may be, and without a place to break them. */
export const LONG = 'a-project-with-a-name-as-long-as-the-server-lets-it-be_0123456';

const LONG_KEY = `A_KEY_WITH_A_LONG_NAME_${'X'.repeat(80)}`;

/** Fills the shop's workspace with something of each kind, hostile texts and long names included. */
export async function fill(api: Api, shop: Page) {
  const secrets = '/api/projects/shop/configs/prod/secrets';
  await api.patch('/api/projects/shop', { name: MARKUP, description: MARKUP });
  await api.patch('/api/projects/shop/configs/prod', { name: MARKUP });
  await api.post('/api/projects', { slug: LONG, description: 'Long words such as Donaudampfschifffahrtsgesellschaft'.repeat(3) });
  await api.post(`/api/projects/${LONG}/configs`, { slug: LONG });
  await api.put(`${secrets}/HOSTILE`, { value: MARKUP, note: MARKUP });
  await api.put(`${secrets}/${LONG_KEY}`, { value: SECRET.repeat(20) });
  await api.put(`${secrets}/DSN`, { value: '${DATABASE_URL}?app=shop' });
  await api.post('/api/workspace/members', { username: 'bob', password: 'a long password of his', fullName: MARKUP, workspaceRole: 'viewer' });
  await api.patch('/api/me', { fullName: MARKUP });
  await api.post('/api/workspace/groups', { slug: 'developers', name: MARKUP, description: MARKUP });
  await api.put('/api/workspace/groups/developers/members', { add: ['bob'] });
  await api.put('/api/workspace/projects/shop/members', { subjectType: 'group', subjectId: 'developers', role: 'collaborator' });
  await api.put('/api/workspace/projects/shop/members', { subjectType: 'user', subjectId: 'bob', role: 'viewer' });
  const actions = ['secrets:read', 'secrets:export'];
  await api.post('/api/auth/tokens/v2/service', { service_name: 'ci', project: 'shop', config: 'prod', actions, allowedCidrs: ['10.0.0.0/8'] });
  await api.post('/api/auth/tokens/v2/service', { service_name: LONG, project: LONG, config: LONG, actions });
  await report(api, 'shop', 'prod', [
    { name: 'web', namespace: LONG.replaceAll('_', '-'), behind: true },
    { name: `${'a'.repeat(200)}.web`, namespace: 'shop' },
  ], MARKUP);
  // What is on record of a request has texts of whoever sent it.
  const told = await shop.request.get(`${secrets}/LOG_LEVEL`, { headers: { 'user-agent': MARKUP } });
  expect(told.ok()).toBe(true);
}

interface Has {
  name: string;
  namespace?: string;
  /** Whether it has something from before. */
  behind?: boolean;
}

/** Lets consumers say what they have of a config. */
export async function report(api: Api, project: string, config: string, consumers: Has[], cluster = 'eu-1') {
  const { epoch, revision } = (await api.get(`/api/projects/${project}/configs/${config}/consumers`)) as { epoch: string; revision: number };
  const told = consumers.map(({ name, namespace = 'shop', behind = false }) => ({
    name,
    namespace,
    sources: [{ project, config, epoch, revision: behind ? revision - 1 : revision }],
  }));
  await api.post('/api/sync-reports', { cluster, consumers: told });
}

/** Whether a page has come, with all that it loads. */
export async function isThere(page: Page) {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0);
}
