import { expect, test } from '@playwright/test';

import { meant } from '../src/components/frame/targets.ts';
import { Follower, type LiveEvent, type Stale } from '../src/live/events.ts';

const revision = (config: string, at: number): LiveEvent => ({ kind: 'revision', project: 'shop', config, revision: at });

function told(follower: Follower, ...events: LiveEvent[]): Stale[] {
  return events.map((event) => follower.take(event));
}

test('what was loaded before all was told may have moved on since, and from then on each change is told', () => {
  const follower = new Follower();
  expect(told(follower, revision('prod', 7), revision('base', 3), { kind: 'synced' })).toEqual(['nothing', 'nothing', 'unsure']);
  expect(follower.revisions()).toEqual([revision('prod', 7), revision('base', 3)]);
  expect(told(follower, revision('prod', 8), revision('prod', 8))).toEqual([{ project: 'shop' }, 'nothing']);
});

test('a config that comes or goes, and a break, may mean anything', () => {
  const follower = new Follower();
  told(follower, revision('prod', 1), { kind: 'synced' });
  expect(told(follower, revision('new', 1), { kind: 'gone', project: 'shop', config: 'new' })).toEqual(['everything', 'everything']);
  expect(told(follower, { kind: 'lost' }, revision('prod', 1), { kind: 'synced' })).toEqual(['session', 'nothing', 'everything']);
});

test('a tab that asks is told all that is known', () => {
  const follower = new Follower();
  const events: LiveEvent[] = [revision('prod', 1), revision('base', 2), { kind: 'synced' }];
  told(follower, ...events);
  expect(follower.replay()).toEqual(events);
  follower.take({ kind: 'lost' });
  expect(follower.replay().at(-1)).toEqual({ kind: 'lost' });
});

test('the best target comes first', () => {
  const targets = ['web / prod', 'PROD_KEY', 'other', 'p_r_o_d'].map((name) => ({ id: name, name, about: '', act: () => undefined }));
  expect(meant(targets, ' Prod ', 9).map(({ name }) => name)).toEqual(['PROD_KEY', 'web / prod', 'p_r_o_d']);
  expect(meant(targets, '', 2)).toHaveLength(2);
});
