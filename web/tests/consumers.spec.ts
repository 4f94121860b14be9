import { report } from './data.ts';
import { expect, isAccessible, isNowhere, SECRET, test } from './fixtures.ts';

const ADDRESS = '/p/shop/c/prod/consumers';

test('whoever changes a secret sees when everybody has it, without doing anything', async ({ shop, api }) => {
  await report(api, 'shop', 'prod', [{ name: 'api' }, { name: 'web' }]);
  await shop.goto('/p/shop/c/prod');
  await shop.getByRole('link', { name: 'Consumers' }).click();
  await expect(shop).toHaveTitle(/^Consumers/);
  const headline = shop.getByRole('main').getByRole('status');
  await expect(headline).toHaveText(/^All 2 have revision \d+$/);

  // What prod inherits counts as well.
  await api.put('/api/projects/shop/configs/base/secrets/DATABASE_URL', { value: SECRET + '2' });
  await expect(headline).toHaveText(/^None of 2 has revision \d+ yet$/);
  await report(api, 'shop', 'prod', [{ name: 'web' }]);
  await expect(headline).toHaveText(/^1 of 2 have revision \d+$/);
  const row = (name: string) => shop.getByRole('row').filter({ has: shop.getByRole('rowheader', { name, exact: true }) });
  await expect(row('web')).toHaveText(/^eu-1shopweb\d+currentjust nowby ada$/);
  await expect(row('api')).toContainText('behind');
  await isAccessible(shop);
  await shop.getByText('Behind 1').click();
  await expect(shop).toHaveURL(/\?state=behind$/);
  await expect(row('api')).toBeVisible();
  await expect(row('web')).toBeHidden();
  await report(api, 'shop', 'prod', [{ name: 'api' }]);
  await expect(headline).toHaveText(/^All 2 have revision \d+$/);
  await expect(shop.getByText('Nobody is behind.')).toBeVisible();
  await isNowhere(shop, SECRET);
});

test('a config that nobody has yet says how that would come about, and who is first appears', async ({ shop, api }) => {
  await shop.clock.install();
  await shop.goto(ADDRESS);
  await expect(shop.getByText('Nobody has reported to keep this config elsewhere.')).toBeVisible();
  const snippet = shop.getByLabel('Kubernetes snippet', { exact: true });
  await expect(snippet).toContainText('kind: SecretSync');
  await expect(snippet).toContainText('{ project: "shop", config: "prod" }');
  for (const colorScheme of ['light', 'dark'] as const) {
    await shop.emulateMedia({ colorScheme });
    await isAccessible(shop);
  }
  await report(api, 'shop', 'prod', [{ name: 'web' }]);
  await shop.clock.fastForward('00:11');
  await expect(shop.getByRole('main').getByRole('status')).toHaveText(/^It has revision \d+$/);
  await expect(snippet).toBeHidden();
});

test('nothing is asked while everybody has what there is', async ({ shop, api }) => {
  let asked = 0;
  shop.on('request', (request) => (asked += Number(request.url().includes('/consumers?'))));
  await report(api, 'shop', 'prod', [{ name: 'web' }]);
  await shop.clock.install();
  await shop.goto(ADDRESS);
  const headline = shop.getByRole('main').getByRole('status');
  await expect(headline).toHaveText(/^It has revision \d+$/);
  await shop.clock.runFor(60_000);
  // Again at most once all there is has been told, and not in a minute after.
  expect(asked).toBeLessThanOrEqual(2);
  await report(api, 'shop', 'prod', [{ name: 'web', behind: true }]);
  await api.put('/api/projects/shop/configs/prod/secrets/NEW', { value: '1' });
  await shop.clock.runFor(5_000);
  await expect(headline).toHaveText(/^It does not have revision \d+ yet$/);
  await report(api, 'shop', 'prod', [{ name: 'web' }]);
  await shop.clock.runFor(3_000);
  await expect(headline).toHaveText(/^It has revision \d+$/);
});

test('what a token said that has ended since is said to be so', async ({ shop, api, server }) => {
  const actions = ['secrets:read', 'secrets:export'];
  const made = await api.post('/api/auth/tokens/v2/service', { service_name: 'cluster', project: 'shop', config: 'prod', actions });
  const { epoch, revision } = (await api.get('/api/projects/shop/configs/prod/consumers')) as { epoch: string; revision: number };
  const answer = await fetch(`${server.url}/api/sync-reports`, {
    method: 'POST',
    headers: { authorization: `Bearer ${made.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      cluster: 'eu-1',
      consumers: [{ namespace: 'shop', name: 'web', sources: [{ project: 'shop', config: 'prod', epoch, revision }] }],
    }),
  });
  expect(await answer.json()).toEqual({ recorded: 1 });
  await api.post('/api/auth/tokens/v2/revoke', { token_id: made.token_id as string });
  await shop.goto(ADDRESS);
  await expect(shop.getByText('by cluster, whose token has ended')).toBeVisible();
});

test('who may not see the config is not offered its consumers', async ({ shop }) => {
  await shop.route('**/api/me/permissions', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), globalActions: ['projects:read'], projects: [] } });
  });
  await shop.goto('/p/shop/c/prod/history');
  await expect(shop.getByRole('link', { name: 'History' })).toBeVisible();
  await shop.waitForLoadState('networkidle');
  await expect(shop.getByRole('link', { name: 'Consumers' })).toHaveCount(0);
});

test('the page of a config that others inherit from leads to theirs', async ({ shop }) => {
  await shop.goto('/p/shop/c/base/consumers');
  await shop.getByRole('main').getByRole('link', { name: 'prod', exact: true }).click();
  await expect(shop).toHaveURL(/\/p\/shop\/c\/prod\/consumers$/);
});

test('a later refusal is told, and nothing is called current meanwhile', async ({ shop, api }) => {
  await report(api, 'shop', 'prod', [{ name: 'web' }]);
  await shop.goto(ADDRESS);
  const headline = shop.getByRole('main').getByRole('status');
  await expect(headline).toHaveAttribute('data-current', 'true');
  await shop.route('**/consumers?*', (route) => route.fulfill({ status: 500, json: { message: 'Broken.' } }));
  await api.put('/api/projects/shop/configs/prod/secrets/NEW', { value: '1' });
  await expect(shop.getByRole('alert')).toContainText('this is what was last known');
  await expect(headline).not.toHaveAttribute('data-current');
});
