import { createServer, type Server as Http } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from './fixtures.ts';

/** What a page of somebody else tries with the session of whoever opens it. */
const ATTEMPTS = (server: string) => `<!doctype html><title>trying</title>
<form id="form" method="post" action="${server}/api/projects" enctype="text/plain" target="frame">
  <input name='{"slug":"taken","x":"' value='"}'>
</form>
<form id="out" method="post" action="${server}/api/auth/session" target="frame"></form>
<iframe name="frame"></iframe>
<img src="${server}/api/projects/shop/configs/prod/secrets/LOG_LEVEL">
<script>
  const body = JSON.stringify({ value: 'taken' });
  const send = (path, init) => fetch('${server}' + path, { credentials: 'include', ...init }).then((answer) => answer.text());
  const secret = '/api/projects/shop/configs/prod/secrets/LOG_LEVEL';
  const json = { 'content-type': 'application/json' };
  const tries = [
    send(secret, { method: 'PUT', headers: json, body }),
    send(secret, { method: 'DELETE' }),
    send('/api/projects', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{"slug":"taken"}' }),
    send('/api/projects', { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: '{"slug":"taken"}' }),
    send('/api/projects/shop/configs/prod/secrets/import?format=env', { method: 'POST', mode: 'no-cors', body: 'LOG_LEVEL=taken' }),
    send('/api/auth/session', { method: 'DELETE' }),
    send(secret),
  ];
  document.forms.form.submit();
  Promise.allSettled(tries).then((ends) => {
    window.read = ends.filter(({ status, value }) => status === 'fulfilled' && value !== '').length;
    document.title = 'tried';
  });
</script>`;

test('a page of another origin changes nothing and reads nothing, whoever opens it', async ({ shop, api, server, context }) => {
  const elsewhere = await serve(ATTEMPTS(server.url));
  const before = await api.get('/api/projects/shop/configs/prod/secrets');
  // Another port of the same host is another origin, but the same site: the cookie goes along, and what refuses is the server.
  for (const host of ['127.0.0.1', 'localhost']) {
    const page = await context.newPage();
    const form = page.waitForResponse((answer) => answer.url().endsWith('/api/projects') && answer.frame() !== page.mainFrame());
    await page.goto(elsewhere.url.replace('127.0.0.1', host));
    expect((await form).status()).toBeGreaterThanOrEqual(400);
    await expect(page).toHaveTitle('tried');
    expect(await page.evaluate(() => (window as unknown as { read: number }).read), 'answers that it could read').toBe(0);
    await page.close();
  }
  elsewhere.http.close();

  const { projects } = (await api.get('/api/projects')) as { projects: { slug: string }[] };
  expect(projects.map(({ slug }) => slug)).toEqual(['shop']);
  expect(await api.get('/api/projects/shop/configs/prod/secrets')).toEqual(before);
  await shop.reload();
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
});

test('a page of another origin cannot put the console into a frame', async ({ shop, server, context }) => {
  const elsewhere = await serve(`<!doctype html><iframe src="${server.url}/"></iframe>`);
  const page = await context.newPage();
  await page.goto(elsewhere.url);
  await expect(page.frameLocator('iframe').getByText('Projects')).toBeHidden();
  expect(page.frames().map((frame) => frame.url())).not.toContain(`${server.url}/`);
  elsewhere.http.close();
  await expect(shop.getByRole('heading', { name: 'Projects' })).toBeVisible();
});

async function serve(page: string): Promise<{ url: string; http: Http }> {
  const http = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(page));
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`, http };
}
