import { expect, test } from '@playwright/test';

import { snippetsFor } from '../src/components/tokens/snippets.ts';
import { type May, actionsOf, givableIn, limitsOf, presetsFor, secondsOf, type Wish } from '../src/components/tokens/wish.ts';
import { grantsOf, isShown, lifeOf, type Token } from '../src/components/tokens/words.ts';
import { ACTIONS, inSeries, wordsForActions } from '../src/ui/actions.ts';
import { until } from '../src/ui/when.ts';

const NOW = new Date('2026-06-15T12:00:00Z');

const token = (more: Partial<Token> = {}): Token => ({
  token_id: 'a1',
  type: 'service',
  purpose: 'api',
  subject_service_name: 'ci',
  scopes: [],
  allowedCidrs: [],
  created_at: '2026-01-01T00:00:00Z',
  created_by: 'ada',
  openStreams: 0,
  current: false,
  ...more,
});

test('actions are said by what they are done to', () => {
  expect(wordsForActions(['audit:read', 'secrets:export', 'secrets:read', 'secrets:write'])).toEqual([
    'read, export and write secrets',
    'read the audit log',
  ]);
  expect(wordsForActions([])).toEqual([]);
  expect(inSeries(['a'])).toBe('a');
});

test('every action of the API has its words', () => {
  expect(ACTIONS).toHaveLength(23);
  const said = wordsForActions(ACTIONS).join(' ');
  expect(said).not.toContain(':');
});

test('places in which the same is allowed stand together', () => {
  const actions = ['secrets:read', 'secrets:export'];
  const scopes = [
    { actions, project_id: 'p', project: 'shop', config_id: 'c', config: 'prod' },
    { actions, project_id: 'p', project: 'shop' },
    { actions: ['secrets:read'], project_id: 'gone' },
    { actions: ['audit:read'] },
  ];
  expect(grantsOf(token({ scopes }))).toEqual([
    { may: 'read and export secrets', places: ['shop / prod', 'shop'] },
    { may: 'read secrets', places: ['a project that was deleted'] },
    { may: 'read the audit log', places: ['all projects'] },
  ]);
});

test('a personal token with everything is worth what its user is', () => {
  const scopes = [{ actions: ACTIONS }];
  expect(grantsOf(token({ scopes }))[0]?.may).toBe('do everything');
  const own = token({ type: 'personal', subject_service_name: null, subject_user: 'bob', scopes });
  expect(grantsOf(own)[0]?.may).toBe('do whatever bob may');
});

test('a token asks for attention in its last week, unless it was made for a day', () => {
  const life = (more: Partial<Token>) => lifeOf(token(more), NOW);
  expect(life({})).toBe('lasting');
  expect(life({ expires_at: '2026-06-23T12:00:01Z' })).toBe('lasting');
  expect(life({ expires_at: '2026-06-22T11:59:59Z' })).toBe('ending');
  expect(life({ expires_at: '2026-06-15T12:00:00Z' })).toBe('expired');
  expect(life({ expires_at: '2026-06-16T00:00:00Z', created_at: '2026-06-15T00:00:00Z' })).toBe('lasting');
  expect(life({ expires_at: '2026-06-15T12:00:00Z', revoked_at: '2026-06-01T00:00:00Z' })).toBe('revoked');
});

test('sessions are no tokens, and mine are those for me and those that I made', () => {
  const session = token({ purpose: 'console', type: 'personal', subject_user: 'bob' });
  const own = token({ type: 'personal', subject_service_name: null, subject_user: 'bob', created_by: 'bob' });
  const made = token({ created_by: 'bob' });
  expect(isShown(session, 'all', 'bob')).toBe(false);
  for (const one of [own, made]) expect(isShown(one, 'mine', 'bob')).toBe(true);
  expect(isShown(token(), 'mine', 'bob')).toBe(false);
  expect(isShown(own, 'machines', 'bob')).toBe(false);
  expect(isShown(made, 'machines', 'bob')).toBe(true);
});

test('when something ends is said as people say it', () => {
  const said = (seconds: number) => until(new Date(NOW.getTime() + seconds * 1000), NOW);
  expect(said(5)).toBe('in a moment');
  expect(said(300)).toBe('in 5 minutes');
  expect(said(3_590)).toBe('in 1 hour');
  expect(said(86_400)).toBe('tomorrow');
  expect(said(5 * 86_400)).toBe('in 5 days');
  expect(said(90 * 86_400)).toBe('13 Sept');
  expect(said(365 * 86_400)).toBe('15 Jun 2027');
});

const wish = (more: Partial<Wish> = {}): Wish => ({
  isMachine: true,
  name: 'ci',
  preset: 'read',
  chosen: [],
  places: [{ project: 'shop', config: 'prod' }],
  life: '90d',
  lastDay: '',
  cidrs: [],
  ...more,
});

test('only what one may do in every one of the places can be given', () => {
  const may: May = (action, project) => action === 'secrets:read' || (project === 'shop' && action === 'secrets:write');
  const shop = { project: 'shop', config: null };
  expect(givableIn([shop], ACTIONS, may)).toEqual(['secrets:read', 'secrets:write']);
  expect(givableIn([shop, { project: 'web', config: 'prod' }], ACTIONS, may)).toEqual(['secrets:read']);
});

test('what is about the workspace is not given for a single place', () => {
  const everything: May = () => true;
  expect(givableIn([{ project: null, config: null }], ACTIONS, everything)).toEqual(ACTIONS);
  const inProject = givableIn([{ project: 'shop', config: null }], ACTIONS, everything);
  expect(inProject).toContain('projects:write');
  expect(inProject).not.toContain('workspace:members:manage');
  expect(givableIn([{ project: 'shop', config: 'prod' }], ACTIONS, everything)).not.toContain('projects:write');
});

test('presets that come to more than one may oneself are not offered', () => {
  const labels = (isMachine: boolean, possible: Parameters<typeof presetsFor>[1]) =>
    presetsFor(isMachine, possible).map(({ value }) => value);
  expect(labels(true, ACTIONS)).toEqual(['read', 'write', 'everything', 'custom']);
  expect(labels(false, ['secrets:read', 'secrets:export'])).toEqual(['mine', 'read', 'custom']);
});

test('a preset is its actions, and whatever I may is none', () => {
  expect(actionsOf(wish(), ACTIONS)).toEqual(['secrets:read', 'secrets:export']);
  expect(actionsOf(wish({ preset: 'everything' }), ['audit:read'])).toEqual(['audit:read']);
  expect(actionsOf(wish({ preset: 'custom', chosen: ['audit:read', 'users:manage'] }), ['audit:read'])).toEqual(['audit:read']);
  expect(actionsOf(wish({ preset: 'mine' }), ACTIONS)).toBeNull();
});

test('a life is so many seconds, to the end of a day, or without end', () => {
  expect(secondsOf(wish(), NOW)).toBe(90 * 86_400);
  expect(secondsOf(wish({ life: 'never' }), NOW)).toBe(0);
  const noon = new Date('2026-06-15T12:00:00');
  expect(secondsOf(wish({ life: 'date', lastDay: '2026-06-15' }), noon)).toBe(12 * 3_600 - 1);
});

test('what a token cannot do is said in a sentence', () => {
  const read = ['secrets:read', 'secrets:export'] as const;
  const prod = { project: 'shop', config: 'prod' };
  expect(limitsOf(read, [prod])).toContain(
    'It cannot change or delete secrets, make other tokens or reach anything outside of shop / prod.',
  );
  expect(limitsOf(read, [prod, { project: 'shop', config: null }])).toContain('outside of shop.');
  expect(limitsOf(read, [prod, prod])).toContain('outside of shop / prod.');
  expect(limitsOf(ACTIONS, [{ project: null, config: null }])).toContain('There is nothing that it cannot do.');
  expect(limitsOf([], [prod])).toBe('Choose at least one thing that it may do.');
});

test('snippets hold no token, and names that Kubernetes takes', () => {
  const use = {
    server: 'https://ssm.example.com',
    name: 'CI of the_shop.',
    actions: ['secrets:read', 'secrets:export'],
    project: '2026',
    config: '10_1',
  };
  const [curl, kubernetes, compose] = snippetsFor(use).map(({ text }) => text);
  expect(curl).toContain("'https://ssm.example.com/api/projects/2026/configs/10_1/secrets?format=env'");
  expect(kubernetes).toContain('secret generic ssm-token-ci-of-the-shop --from-file=token=/dev/stdin');
  expect(kubernetes).toContain('name: "2026-10-1"');
  expect(kubernetes).toContain('{ project: "2026", config: "10_1" }');
  expect(compose).toContain('- 2026-10_1.env');
  for (const text of [curl, kubernetes, compose]) expect(text).toContain('read -rs SSM_TOKEN');
});

test('a token that reads no config is shown how to ask about itself', () => {
  const use = { server: 'http://127.0.0.1:8080', name: 'ci', actions: ['audit:read'], project: 'shop', config: 'prod' };
  const snippets = snippetsFor(use);
  expect(snippets.map(({ title }) => title)).toEqual(['curl']);
  expect(snippets[0]?.text).toContain('/api/auth/tokens/self');
});
