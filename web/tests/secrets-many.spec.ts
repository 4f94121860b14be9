import { expect, test } from './fixtures.ts';

const COUNT = 5_000;
const key = (number: number) => `KEY_${String(number).padStart(4, '0')}`;

test.beforeEach(async ({ shop, api }) => {
  await api.post('/api/projects/shop/configs', { slug: 'large' });
  const set = Object.fromEntries(Array.from({ length: COUNT }, (_, number) => [key(number), 'x']));
  await api.patch('/api/projects/shop/configs/large/secrets', { set });
  await shop.goto('/p/shop/c/large');
  await expect(shop.getByText(`All ${COUNT}`)).toBeVisible();
});

test('of thousands of keys a few rows are drawn, and a screen reader is told of all', async ({ shop }) => {
  const table = shop.getByRole('grid', { name: 'Secrets' });
  await expect(table).toHaveAttribute('aria-rowcount', String(COUNT + 1));
  const drawn = table.locator('tr[data-row]');
  await expect(shop.getByRole('row', { name: key(0) })).toHaveAttribute('aria-rowindex', '2');
  expect(await drawn.count()).toBeLessThan(80);
  await shop.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  await expect(shop.getByRole('row', { name: key(COUNT - 1) })).toBeInViewport();
  expect(await drawn.count()).toBeLessThan(80);
});

test('the keyboard goes from the first of thousands to the last and back', async ({ shop }) => {
  await shop.getByRole('row', { name: key(0) }).focus();
  await shop.keyboard.press('End');
  await expect(shop.getByRole('row', { name: key(COUNT - 1) })).toBeFocused();
  await expect(shop.getByRole('row', { name: key(COUNT - 1) })).toBeInViewport();
  await shop.keyboard.press('k');
  await expect(shop.getByRole('row', { name: key(COUNT - 2) })).toBeFocused();
  await shop.keyboard.press('Home');
  await expect(shop.getByRole('row', { name: key(0) })).toBeFocused();
  await shop.keyboard.press('PageDown');
  await expect(shop.getByRole('row', { name: key(12) })).toBeFocused();
  await shop.keyboard.press('Control+f');
  await expect(shop.getByLabel('Filter keys')).toBeFocused();
  await shop.keyboard.type(key(4_321));
  await shop.keyboard.press('Enter');
  await expect(shop.getByRole('row', { name: key(4_321) })).toBeFocused();
});

test('what is typed stays while the page is scrolled', async ({ shop }) => {
  await shop.getByRole('button', { name: `Edit ${key(3)}` }).click();
  await shop.getByRole('textbox', { name: `Value of ${key(3)}` }).fill('half a tho');
  await shop.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  await expect(shop.getByRole('row', { name: key(COUNT - 1) })).toBeInViewport();
  await expect(shop.getByRole('textbox', { name: `Value of ${key(3)}` })).toHaveValue('half a tho');
});

test('a wheel that turns is followed', async ({ shop }) => {
  await shop.mouse.move(640, 500);
  const frames = shop.evaluate(
    () =>
      new Promise<number[]>((done) => {
        const times: number[] = [];
        const frame = (now: number) => {
          times.push(now);
          if (times.length < 240) requestAnimationFrame(frame);
          else done(times);
        };
        requestAnimationFrame(frame);
      }),
  );
  for (let turn = 0; turn < 120; turn += 1) await shop.mouse.wheel(0, 120);
  const times = await frames;
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const perSecond = (1000 * steps.length) / steps.reduce((sum, step) => sum + step, 0);
  const slow = steps.filter((step) => step > 20).length;
  const told = `${perSecond.toFixed(1)} frames a second, ${slow} of ${steps.length} later than after 20 ms`;
  console.log(told);
  await expect.poll(() => shop.evaluate(() => window.scrollY)).toBeGreaterThan(5_000);
  await expect(shop.locator('tr[data-row]:not([data-row=KEY_0000])').first()).toBeAttached();
  expect(await shop.locator('tr[data-row]').count()).toBeLessThan(80);
});

test('thousands of keys come in from one file', async ({ shop, api }) => {
  const file = Array.from({ length: COUNT }, (_, number) => `${key(number)}=${number === 0 ? 'x' : 'y'}`).join('\n');
  await shop.getByRole('button', { name: 'Import' }).click();
  const chooser = shop.waitForEvent('filechooser');
  await shop.getByRole('button', { name: 'Choose a file' }).click();
  await (await chooser).setFiles({ name: 'many.env', mimeType: 'text/plain', buffer: Buffer.from(file) });
  await shop.getByRole('button', { name: `Add ${COUNT - 1} changes` }).click();
  await expect(shop.getByText(`${COUNT - 1} changes not saved: ${COUNT - 1} changed`)).toBeVisible();
  await shop.getByRole('button', { name: 'Review…' }).click();
  const changes = shop.getByRole('dialog').getByRole('listitem');
  await expect(changes).toHaveCount(50);
  const save = shop.getByRole('dialog').getByRole('button', { name: 'Save as one revision' });
  await expect(save).toBeInViewport({ ratio: 1 });
  await changes.last().scrollIntoViewIfNeeded();
  await expect(changes.nth(50)).toBeAttached();
  await save.click();
  await expect(shop.getByText('not saved')).toBeHidden();
  const { data } = await api.get('/api/projects/shop/configs/large/secrets');
  expect(data).toMatchObject({ [key(0)]: 'x', [key(1)]: 'y', [key(COUNT - 1)]: 'y' });
});
