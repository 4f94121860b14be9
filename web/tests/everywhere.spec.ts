import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { fill, isThere, LONG, MARKUP } from './data.ts';
import { expect, isAccessible, isNowhere, SECRET, test } from './fixtures.ts';

/** Each route of the console, and addresses that show it with something in it. */
const PAGES: Record<string, string[]> = {
  '/': ['/', '/?find=shop'],
  '/p/$project': ['/p/shop', `/p/${LONG}`],
  '/p/$project/c/$config': ['/p/shop/c/prod', `/p/${LONG}/c/${LONG}`],
  '/p/$project/c/$config/history': ['/p/shop/c/prod/history', '/p/shop/c/prod/history?key=HOSTILE'],
  '/p/$project/c/$config/consumers': ['/p/shop/c/prod/consumers', '/p/shop/c/prod/consumers?state=behind', `/p/${LONG}/c/${LONG}/consumers`],
  '/p/$project/compare': ['/p/shop/compare'],
  '/audit': ['/audit', '/audit?outcome=failure'],
  '/tokens': ['/tokens?revoked=true'],
  '/tokens/new': ['/tokens/new?project=shop&config=prod', `/tokens/new?project=${LONG}&config=${LONG}`],
  '/account': ['/account'],
  '/team': ['/team'],
  '/team/groups': ['/team/groups'],
  '/team/access': ['/team/access?user=bob', '/team/access?user=bob&project=shop'],
  '/settings': ['/settings'],
  '/p/$project/access': ['/p/shop/access'],
  '/p/$project/settings': ['/p/shop/settings'],
  '/p/$project/c/$config/settings': ['/p/shop/c/prod/settings'],
};

const ROUTES = [...readFileSync(join(import.meta.dirname, '../src/routes.tsx'), 'utf8').matchAll(/^ {2}path: '([^']+)'/gm)]
  .map(([, path]) => path ?? '');

test('every route is on the list', () => {
  expect(ROUTES.length).toBeGreaterThan(5);
  expect(Object.keys(PAGES).sort()).toEqual([...new Set(ROUTES)].sort());
});

for (const [route, addresses] of Object.entries(PAGES)) {
  test(`${route} lets everybody in, fits narrow screens, and takes no text for markup`, async ({ shop, api }) => {
    await fill(api, shop);
    for (const address of addresses) {
      await shop.goto(address);
      for (const width of [1280, 360]) {
        await shop.setViewportSize({ width, height: 800 });
        await isThere(shop);
        const overflow = await shop.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(overflow, `how far ${address} is wider than ${width} pixels`).toBeLessThanOrEqual(0);
        for (const colorScheme of ['light', 'dark'] as const) {
          await shop.emulateMedia({ colorScheme });
          await isAccessible(shop);
        }
      }
      await isNowhere(shop, SECRET);
      await expect(shop.locator('img[src="x"]')).toHaveCount(0);
      expect(await shop.evaluate(() => 'taken' in window)).toBe(false);
    }
  });
}

test('names and descriptions stand on the page as they were typed', async ({ shop, api }) => {
  await fill(api, shop);
  await shop.goto('/');
  await expect(shop.getByText(MARKUP).first()).toBeVisible();
  await shop.goto('/account');
  await expect(shop.getByLabel('Full name')).toHaveValue(MARKUP);
});

test('an address at which there is nothing says so', async ({ shop }) => {
  await shop.goto('/no/such/page');
  await expect(shop.getByRole('heading', { name: 'There is nothing at this address' })).toBeVisible();
  await isAccessible(shop);
});
