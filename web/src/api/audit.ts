import { type InfiniteData, infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query';

import { answered, api, type Schemas } from './client.ts';

export type AuditEvent = Schemas['AuditEvent'];
export type AuditPage = Schemas['AuditPage'];

/** Which events are asked for. */
export interface AuditFilter {
  actor?: string;
  action?: string;
  project?: string;
  config?: string;
  key?: string;
  outcome?: 'success' | 'failure';
  since?: string;
  until?: string;
}

const PAGE = 50;
const auditKey = ['audit'] as const;

async function pageOf(filter: AuditFilter, more: { cursor?: string }) {
  const params = { query: { ...filter, limit: PAGE, ...more } };
  return (await answered(api.GET('/api/audit/events', { params }))).data;
}

export const eventsQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: [...auditKey, 'events', filter],
    queryFn: ({ pageParam }) => pageOf(filter, pageParam),
    initialPageParam: {} as { cursor?: string },
    getNextPageParam: ({ nextCursor }) => (nextCursor == null ? undefined : { cursor: nextCursor }),
  });

const EVERY_MS = 3_000;

/** Asks again and again for the newest events, while the page is looked at, and puts them in front of those that are there. */
export const tailQuery = (queries: QueryClient, filter: AuditFilter) =>
  queryOptions({
    queryKey: [...auditKey, 'tail', filter],
    queryFn: async () => {
      const newest = await pageOf(filter, {});
      const { queryKey } = eventsQuery(filter);
      const known = queries.getQueryData(queryKey);
      const all = known && withNewest(known, newest);
      if (all) queries.setQueryData(queryKey, all);
      else await queries.invalidateQueries({ queryKey });
      return null;
    },
    refetchInterval: EVERY_MS,
    staleTime: 0,
    gcTime: 0,
  });

/** Pages with the newest events in front; `null` where so many came that some in between are not known. */
export function withNewest<P>(known: InfiniteData<AuditPage, P>, newest: AuditPage): InfiniteData<AuditPage, P> | null {
  const [first, ...rest] = known.pages;
  if (first === undefined) return null;
  const fresh = new Set(newest.events.map(idOf));
  const left = first.events.filter((event) => !fresh.has(idOf(event)));
  const meets = left.length < first.events.length || !newest.has_next;
  return meets ? { ...known, pages: [{ ...first, events: [...newest.events, ...left] }, ...rest] } : null;
}

/** What tells one event from another. One that repeats stays itself. */
export function idOf({ seq, ts, actor_id, token_id, action, method, path, status_code, ip, key, config_slug }: AuditEvent): string {
  if (seq != null) return String(seq);
  return [ts, actor_id, token_id, action, method, path, status_code, ip, key, config_slug].join(' ');
}

/** Looks whether the record is as it was written. */
export async function verify() {
  return (await answered(api.GET('/api/audit/verify'))).data;
}

/** Where the record is to be had as lines of JSON. */
export const exportAddress = (stream: 'journal' | 'access') => `/api/audit/export?format=jsonl&stream=${stream}`;
