import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { BrowserContext } from '@playwright/test';

const TYPES: Record<string, string> = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', txt: 'text/plain' };

/**
 * Gives out the console from a directory rather than from within the server, as it was built a moment ago, under the
 * policy of the server's own page.
 */
export async function serveBuilt(context: BrowserContext, url: string, dist: string) {
  await context.route(
    ({ origin, pathname }) => origin === url && !pathname.startsWith('/api'),
    async (route) => {
      const { pathname } = new URL(route.request().url());
      const type = TYPES[pathname.split('.').at(-1) ?? ''];
      if (type !== undefined) {
        await route.fulfill({ contentType: type, body: await readFile(join(dist, pathname)) });
        return;
      }
      const response = await route.fetch();
      const nonce = /'nonce-([^']+)'/.exec(response.headers()['content-security-policy'] ?? '')?.[1] ?? '';
      const page = await readFile(join(dist, 'index.html'), 'utf8');
      await route.fulfill({ response, body: page.replaceAll('__CSP_NONCE__', nonce) });
    },
  );
}
