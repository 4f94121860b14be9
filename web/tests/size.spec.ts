import { expect, test } from './fixtures.ts';

const MOST_KIB = 350;

test('what the first view takes is small, compressed, kept by its name, and of the server alone', async ({ page, server }) => {
  let bytes = 0;
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url)) foreign.push(request.url());
  });
  page.on('response', async (response) => {
    if (!response.url().includes('/assets/')) return;
    const headers = await response.allHeaders();
    expect(headers['cache-control']).toContain('immutable');
    bytes += Number(headers['content-length']);
  });
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Make the owner' })).toBeVisible();
  expect(bytes).toBeGreaterThan(0);
  expect(bytes / 1024).toBeLessThan(MOST_KIB);
  expect(foreign).toEqual([]);
});
