import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { answered, api, tagOf, type Schemas } from './client.ts';

export type Revision = Schemas['ConfigRevision'];
export type Version = Schemas['SecretVersion'];

/** A config that has a history. */
export interface Place {
  project: string;
  config: string;
}

const PAGE = 50;
/** Below the config's own, so that whatever renews the config renews its history, too. */
const historyKey = ({ project, config }: Place) => ['projects', project, 'configs', config, 'history'] as const;

export const revisionsQuery = (place: Place) =>
  infiniteQueryOptions({
    queryKey: [...historyKey(place), 'revisions'],
    queryFn: async ({ pageParam }) => {
      const params = { path: { ...place }, query: { limit: PAGE, ...pageParam } };
      return (await answered(api.GET('/api/projects/{project}/configs/{config}/revisions', { params }))).data;
    },
    initialPageParam: {} as { cursor?: string },
    getNextPageParam: ({ nextCursor }) => (nextCursor == null ? undefined : { cursor: nextCursor }),
  });

/** What became of one key, without its values. */
export const versionsQuery = (place: Place, key: string) =>
  infiniteQueryOptions({
    queryKey: [...historyKey(place), 'versions', key],
    queryFn: async ({ pageParam }) => {
      const params = { path: { ...place, key }, query: { limit: PAGE, ...pageParam } };
      const call = api.GET('/api/projects/{project}/configs/{config}/secrets/{key}/versions', { params });
      return (await answered(call)).data;
    },
    initialPageParam: {} as { cursor?: string },
    getNextPageParam: ({ nextCursor }) => (nextCursor == null ? undefined : { cursor: nextCursor }),
  });

/** Which keys differ between two revisions, without their values. Neither will ever change. */
export const diffQuery = (place: Place, from: number, to: number) =>
  queryOptions({
    queryKey: [...historyKey(place), 'diff', from, to],
    queryFn: async () => {
      const params = { path: { ...place }, query: { from, to } };
      return (await answered(api.GET('/api/projects/{project}/configs/{config}/diff', { params }))).data;
    },
    staleTime: Infinity,
  });

/** What going back to a revision would come to, and the tag of the config for which that is true. */
export const rollbackQuery = (place: Place, revision: number) =>
  queryOptions({
    queryKey: [...historyKey(place), 'rollback', revision],
    queryFn: async () => {
      const call = rollBackCall(place, { revision, dryRun: true });
      const { data, response } = await answered(call);
      return { ...data, etag: tagOf(response) };
    },
    staleTime: 0,
    gcTime: 0,
  });

/** Goes back to a revision, provided that the config is still what the preview was about. */
export async function rollBack(place: Place, revision: number, etag: string) {
  return (await answered(rollBackCall(place, { revision }, etag))).data;
}

function rollBackCall(place: Place, body: Schemas['RollbackTo'], etag?: string) {
  const header = etag === undefined ? {} : { 'If-Match': etag };
  const params = { path: { ...place }, header };
  return api.POST('/api/projects/{project}/configs/{config}/rollback', { params, body });
}

/**
 * The value that a key had at a revision; `null` where it had none, or where it can no longer be opened. The server
 * records it as a read, and it is kept in no cache.
 */
export async function readValueAt(place: Place, key: string, revision: number): Promise<string | null> {
  return newestValue(place, key, String(revision + 1));
}

async function newestValue(place: Place, key: string, cursor: string): Promise<string | null> {
  const params = { path: { ...place, key }, query: { values: true, limit: 1, cursor } };
  const call = api.GET('/api/projects/{project}/configs/{config}/secrets/{key}/versions', { params });
  const { versions, nextCursor } = (await answered(call)).data;
  const [version] = versions;
  if (version !== undefined) return version.value ?? null;
  // So much may lie in between that the server looked at a part of it only.
  return nextCursor == null ? null : newestValue(place, key, nextCursor);
}
