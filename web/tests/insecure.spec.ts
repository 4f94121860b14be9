import { expect, isAccessible, signIn, test } from './fixtures.ts';

const HOST = 'secrets.example.test';

test.use({
  settings: { ALLOW_INSECURE_HTTP: 'true' },
  launchOptions: async ({ launchOptions }, use) => {
    const args = [...(launchOptions.args ?? []), `--host-resolver-rules=MAP ${HOST} 127.0.0.1`];
    await use({ ...launchOptions, args });
  },
});

test('over plain HTTP beyond loopback a banner says what that means, before and after signing in', async ({ page, api, server }) => {
  await api.get('/api/me');
  await page.goto(server.url.replace('127.0.0.1', HOST));
  const banner = page.getByText('This connection is not encrypted');
  await expect(banner).toBeVisible();
  await isAccessible(page);
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Projects' })).toBeVisible();
  await expect(banner).toBeVisible();
  await expect(page.getByText('Whoever is on the way can read passwords and secrets.')).toBeVisible();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await isAccessible(page);
  }
});

test.describe('where nobody allowed it', () => {
  test.use({ settings: {} });

  test('signing in over plain HTTP is refused with the way out', async ({ page, api, server }) => {
    await api.get('/api/me');
    await page.goto(server.url.replace('127.0.0.1', HOST));
    await signIn(page);
    await expect(page.getByRole('alert').filter({ hasText: 'needs HTTPS' })).toContainText('TLS_CERT_FILE');
  });
});
