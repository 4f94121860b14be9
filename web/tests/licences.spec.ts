import { strangers } from '../build/licences.js';
import { expect, test } from './fixtures.ts';

test('the notices of what the console holds are served with it', async ({ page }) => {
  const answer = await page.goto('/licences.txt');
  expect(answer?.headers()['content-type']).toMatch(/^text\/plain/);
  const text = (await answer?.text()) ?? '';
  for (const name of ['react', '@mantine/core', '@tanstack/react-query', 'tslib']) {
    expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
  }
  expect(text).toContain('THE SOFTWARE IS PROVIDED "AS IS"');
});

test('a licence that nobody decided on is found', () => {
  const packages = {
    '': { license: 'Apache-2.0' },
    'node_modules/a': { license: 'MIT' },
    'node_modules/b': { license: 'MPL-2.0', dev: true },
    'node_modules/b/node_modules/@x/c': { license: 'MPL-2.0' },
    'node_modules/d': {},
  };
  expect(strangers(JSON.stringify({ packages }))).toEqual(['@x/c: MPL-2.0', 'd: no licence']);
});
