import AxeBuilder from '@axe-core/playwright';
import { type APIRequestContext, type BrowserContext, test as base, expect, type Page } from '@playwright/test';

import type { Schemas } from '../src/api/client.ts';
import { serveBuilt } from './built.ts';
import { Server } from './server.ts';

export { expect };

export const OWNER = 'ada';
export const PASSWORD = 'a long password of hers';
/** Where it turns up, something went wrong. */
export const SECRET = 'canary-postgres://shop:4hV9@db/shop';

/** What others do meanwhile, over the API. */
export interface Api {
  post: (path: string, body: object) => Promise<Record<string, unknown>>;
  put: (path: string, body: object) => Promise<void>;
  patch: (path: string, body: object) => Promise<void>;
  get: (path: string) => Promise<Record<string, unknown>>;
  endSessions: () => Promise<void>;
}

interface Fixtures {
  setupToken: string;
  /** Settings of the server beside its address and its data. */
  settings: Record<string, string>;
  server: Server;
  /** The owner's own token; asking for it makes the owner. */
  api: Api;
  /** Signed in as the owner, with `shop/base` and `shop/prod`, which inherits from it. */
  shop: Page;
  /** Somebody else, signed in in a browser of their own. */
  visitor: (username: string, password: string) => Promise<Page>;
}

export const test = base.extend<Fixtures>({
  setupToken: ['', { option: true }],
  settings: [{}, { option: true }],
  server: async ({ setupToken, settings }, use) => {
    const server = await Server.start({ ...settings, ...(setupToken !== '' && { SSM_SETUP_TOKEN: setupToken }) });
    await use(server);
    await server.stop();
  },
  baseURL: async ({ server }, use) => use(server.url),
  api: async ({ playwright, server }, use) => {
    const anonymous = await playwright.request.newContext({ baseURL: server.url });
    const data = { username: OWNER, password: PASSWORD };
    const made = await (await anonymous.post('/api/onboarding/bootstrap', { data })).json();
    const extraHTTPHeaders = { authorization: `Bearer ${made.token}` };
    const context = await playwright.request.newContext({ baseURL: server.url, extraHTTPHeaders });
    await use(apiOf(context));
    await context.dispose();
    await anonymous.dispose();
  },
  page: async ({ page, context, server }, use) => {
    if (process.env.CONSOLE_DIST) await serveBuilt(context, server.url, process.env.CONSOLE_DIST);
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      // That a request was refused, or that a header means nothing over plain HTTP, the browser says by itself.
      const isOwn = /^(Failed to load resource|The Cross-Origin-Opener-Policy header has been ignored)/.test(message.text());
      if (message.type() === 'error' && !isOwn) problems.push(message.text());
    });
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`the policy forbids ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
      });
    });
    await use(page);
    expect(problems, 'what the browser complains about').toEqual([]);
  },
  shop: async ({ page, api }, use) => {
    await api.post('/api/projects', { slug: 'shop' });
    await api.post('/api/projects/shop/configs', { slug: 'base' });
    await api.post('/api/projects/shop/configs', { slug: 'prod', parent: 'base' });
    await api.put('/api/projects/shop/configs/base/secrets/DATABASE_URL', { value: SECRET });
    await api.put('/api/projects/shop/configs/base/secrets/LOG_LEVEL', { value: 'info' });
    await api.put('/api/projects/shop/configs/prod/secrets/LOG_LEVEL', { value: 'warn' });
    await page.goto('/');
    await signIn(page);
    await expect(page.getByRole('heading', { name: 'Projects' })).toBeVisible();
    await use(page);
  },
  visitor: async ({ browser, server }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (username, password) => {
      const context = await browser.newContext({ baseURL: server.url });
      contexts.push(context);
      if (process.env.CONSOLE_DIST) await serveBuilt(context, server.url, process.env.CONSOLE_DIST);
      const page = await context.newPage();
      await page.goto('/');
      await signIn(page, username, password);
      await expect(page.getByRole('button', { name: username })).toBeVisible();
      return page;
    });
    for (const context of contexts) await context.close();
  },
});

function apiOf(context: APIRequestContext): Api {
  const done = async (call: ReturnType<APIRequestContext['fetch']>) => {
    const answer = await call;
    expect(answer.ok(), await answer.text()).toBe(true);
    return answer;
  };
  return {
    post: async (path, data) => (await (await done(context.post(path, { data }))).json()) as Record<string, unknown>,
    put: async (path, data) => void (await done(context.put(path, { data }))),
    patch: async (path, data) => void (await done(context.patch(path, { data }))),
    get: async (path) => (await (await done(context.get(path))).json()) as Record<string, unknown>,
    endSessions: async () => {
      const answer = await (await done(context.get('/api/auth/tokens/v2'))).json();
      const { tokens } = answer as Schemas['TokenList'];
      const sessions = tokens.filter(({ purpose }) => purpose === 'console');
      expect(sessions.length).toBeGreaterThan(0);
      for (const { token_id } of sessions) {
        await done(context.post('/api/auth/tokens/v2/revoke', { data: { token_id } }));
      }
    },
  };
}

export async function signIn(page: Page, username = OWNER, password = PASSWORD) {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** What fades in has not its colours yet. */
export async function isStill(page: Page) {
  await page.evaluate(async () => {
    // What has just come begins to fade in with the next frame.
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
    const passing = document.getAnimations().filter(({ effect }) => effect?.getTiming().iterations !== Infinity);
    await Promise.allSettled(passing.map(({ finished }) => finished));
  });
}

/** What begins to move in the middle of a look is looked at again; what keeps people out stays. */
export async function isAccessible(page: Page) {
  await expect(async () => {
    await isStill(page);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
    expect(told, 'what keeps people out').toEqual([]);
  }).toPass({ timeout: 30_000 });
}

/** Does something, and sees what comes of it, also where that has gone again by now. */
export async function sees(page: Page, selector: string, words: RegExp, act: () => Promise<unknown>) {
  const watch = await page.evaluateHandle(
    ({ selector, pattern }) => {
      const watch = { seen: false };
      const look = () => {
        const there = [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
        watch.seen ||= there.some(({ textContent }) => new RegExp(pattern).test(textContent));
      };
      const anything = { attributes: true, characterData: true, childList: true, subtree: true };
      new MutationObserver(look).observe(document.body, anything);
      return watch;
    },
    { selector, pattern: words.source },
  );
  await act();
  await expect.poll(() => watch.evaluate(({ seen }) => seen), `${words} comes`).toBe(true);
}

/** The same with a notice, which is there for some seconds only. */
export async function tells(page: Page, words: RegExp, act: () => Promise<unknown>) {
  await sees(page, '[role=alert]', words, act);
}

/** Does something right before a change is first sent; its previews, which a page asks for as often as it likes, do not count. */
export async function beforeChange(page: Page, address: string, act: () => Promise<unknown>) {
  let isDone = false;
  await page.route(address, async (route) => {
    const { dryRun } = route.request().postDataJSON() as { dryRun?: boolean };
    if (!isDone && dryRun !== true) {
      isDone = true;
      await act();
    }
    await route.continue();
  });
}

/** Goes to a place by its keys, of which the second has to follow soon. */
export async function jumpTo(page: Page, key: string, heading: string) {
  await expect(async () => {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await expect(page.getByRole('heading', { name: heading })).toBeVisible({ timeout: 2_000 });
  }).toPass();
}

/** Whether a text is anywhere that outlives the moment, or that others can look into. */
export async function isNowhere(page: Page, text: string) {
  const places = await page.evaluate(async () => ({
    dom: document.documentElement.outerHTML,
    fields: [...document.querySelectorAll('input, textarea')].map((field) => (field as HTMLInputElement).value).join('\n'),
    title: document.title,
    url: location.href,
    local: JSON.stringify(localStorage),
    session: JSON.stringify(sessionStorage),
    databases: JSON.stringify(await indexedDB.databases()),
    caches: JSON.stringify(await caches.keys()),
  }));
  for (const [place, content] of Object.entries(places)) {
    expect(content.includes(text), `the secret is in ${place}`).toBe(false);
  }
}
