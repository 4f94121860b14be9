import { expect, test } from '@playwright/test';

import { type AuditEvent, type AuditPage, withNewest } from '../src/api/audit.ts';
import { auditSearch, filterOf, filtersOf, fromField, paused, toField, without } from '../src/components/audit/address.ts';
import { failureOf, lookedAt } from '../src/components/audit/verified.ts';
import { wordsForEvent } from '../src/components/audit/words.ts';
import { textOf } from '../src/components/record/changes.ts';

const event = (more: Partial<AuditEvent>): AuditEvent => ({
  ts: '2026-01-01T00:00:00Z',
  lastTs: '2026-01-01T00:00:00Z',
  count: 1,
  actor_type: 'token',
  actorKind: 'user',
  actor_id: 'ada',
  action: 'secrets.read',
  status_code: 200,
  imported: false,
  changes: [],
  ...more,
});

const page = (events: AuditEvent[], has_next = true): AuditPage => ({ events, page: 1, limit: 50, has_next, status: 'OK' });

test('an event is told in words', () => {
  const said = (more: Partial<AuditEvent>) => textOf(wordsForEvent(event(more)));
  expect(said({ key: 'A' })).toBe('Read A');
  expect(said({ config_slug: 'prod' })).toBe('Read all values');
  expect(said({})).toBe('Read values of all configs');
  expect(said({ action: 'secrets.write', changes: [{ kind: 'secret_set', key: 'A' }, { kind: 'secret_deleted', key: 'B' }] })).toBe('Set A, removed B');
  expect(said({ action: 'access.denied', method: 'GET', path: '/api/keys', status_code: 403 })).toBe('Was refused: GET /api/keys');
  expect(said({ action: 'auth.failed', status_code: 401 })).toBe('Failed to sign in');
  expect(said({ action: 'projects.delete', changes: [{ kind: 'project_deleted' }, { kind: 'config_deleted' }] })).toBe('Deleted a project');
  expect(said({ action: 'something.new' })).toBe('something.new');
});

test('new events come in front, and one that repeats stays one', () => {
  const known = { pages: [page([event({ seq: 3 }), event({ key: 'A', count: 1 })]), page([event({ seq: 1 })])], pageParams: [{}, {}] };
  const newest = page([event({ seq: 4 }), event({ seq: 3 }), event({ key: 'A', count: 2 })]);
  const all = withNewest(known, newest)?.pages.map(({ events }) => events.map(({ seq, key, count }) => seq ?? `${key} ${count}`));
  expect(all).toEqual([[4, 3, 'A 2'], [1]]);
});

test('where more came than is told, all is asked for again', () => {
  const known = { pages: [page([event({ seq: 3 })])], pageParams: [{}] };
  expect(withNewest(known, page([event({ seq: 99 })]))).toBeNull();
  expect(withNewest(known, page([event({ seq: 4 })], false))?.pages[0]?.events).toHaveLength(2);
  expect(withNewest({ pages: [page([], false)], pageParams: [{}] }, page([event({ seq: 1 })], false))?.pages[0]?.events).toHaveLength(1);
});

test('filters stand in the address, and what makes no sense is left out', () => {
  const all = { actor: 'ada', action: 'secrets.read', project: 'shop', config: 'prod', key: 'A', outcome: 'failure', since: '2026-01-01T00:00:00Z', live: true };
  expect(auditSearch(all)).toEqual(all);
  expect(auditSearch({ actor: 7, config: 'prod', outcome: 'maybe', since: 'yesterday', live: 'yes', value: 'x' })).toEqual({ actor: '7' });
  expect(filterOf(auditSearch(all))).not.toHaveProperty('live');
  expect(paused({ live: true, key: 'A' })).toEqual({ key: 'A' });
});

test('each filter is told in words, and a project takes its config along', () => {
  const search = auditSearch({ actor: 'ada', project: 'shop', config: 'prod', outcome: 'success' });
  expect(filtersOf(search).map(({ words }) => words)).toEqual(['by ada', 'in shop', 'config prod', 'done']);
  expect(without(search, 'project')).toEqual({ actor: 'ada', outcome: 'success' });
  expect(without(search, 'actor')).toEqual({ project: 'shop', config: 'prod', outcome: 'success' });
});

test('times of the fields are those of the reader', () => {
  const time = new Date('2026-03-02T10:30:00').toISOString();
  expect(toField(time)).toBe('2026-03-02T10:30');
  expect(fromField('2026-03-02T10:30')).toBe(time);
  expect([toField(undefined), fromField(''), fromField('nonsense')]).toEqual(['', undefined, undefined]);
});

test('a verification says what was looked at, and a failure what is wrong', () => {
  const head = { seq: 1_234, hash: 'ab' };
  const good = { ok: true, entries: 1_234, accessRecords: 1, head, bad: 0 };
  expect(lookedAt(good)).toBe('Looked at 1,234 entries with their values and signatures, and at 1 record of reads and refusals.');
  expect(lookedAt({ ok: true, entries: 1, head, bad: 0 })).toBe('Looked at 1 entry with their values and signatures.');
  const firstBad = { kind: 'entry', name: 'entry 17', seq: 17, why: 'does not have the hash that was stored with it' };
  expect(failureOf({ ...good, ok: false, bad: 1, firstBad })).toBe('Entry 17 does not have the hash that was stored with it.');
  expect(failureOf({ ...good, ok: false, bad: 3, firstBad })).toMatch(/This is the first of 3\.$/);
  expect(failureOf({ ...good, ok: false, bad: 100, firstBad })).toMatch(/At least 100 things/);
});
