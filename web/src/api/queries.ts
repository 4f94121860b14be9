import { type Query, queryOptions } from '@tanstack/react-query';

import { session } from '../session/session.ts';
import { answered, api, Refusal, type Schemas, tagOf } from './client.ts';

const RETRY_MS = 3_000;

/** How long until what the whole console waits for is asked for again: where the server was away, it may be back. */
function untilReached<T>({ state: { data, error } }: Query<T, Error, T, readonly string[]>): number | false {
  return data === undefined && error !== null && !(error instanceof Refusal) ? RETRY_MS : false;
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async () => {
    const { data } = await answered(api.GET('/api/me'));
    // Nobody goes on in the page of another one, with what that one typed.
    if (!session.begun(data.username)) throw new Refusal(401, { message: 'Somebody else is signed in.' });
    return data;
  },
  refetchInterval: untilReached,
});

export const onboardingQuery = queryOptions({
  queryKey: ['onboarding'],
  queryFn: async () => (await answered(api.GET('/api/onboarding/status'))).data.onboarding,
  refetchInterval: untilReached,
});

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: async () => (await answered(api.GET('/api/projects'))).data.projects,
});

export const configsQuery = (project: string) =>
  queryOptions({
    queryKey: ['projects', project, 'configs'],
    queryFn: async () => {
      const params = { path: { project } };
      return (await answered(api.GET('/api/projects/{project}/configs', { params }))).data.configs;
    },
  });

/** The keys of a config without values, as of one revision. */
export interface Keys {
  etag: string;
  revision: number;
  meta: Record<string, Schemas['SecretMeta']>;
}

export const keysQuery = (project: string, config: string) =>
  queryOptions({
    queryKey: ['projects', project, 'configs', config, 'keys'],
    queryFn: async (): Promise<Keys> => {
      const params = { path: { project, config }, query: { values: false } };
      const { data, response } = await answered(
        api.GET('/api/projects/{project}/configs/{config}/secrets', { params }),
      );
      // The other formats are only given to whoever asks for them.
      const { revision, meta } = data as Schemas['Export'];
      return { etag: tagOf(response), revision, meta: meta ?? {} };
    },
  });

/** One value, which the server records as a read. It is kept in no cache. */
export async function readValue(project: string, config: string, key: string, resolve = false): Promise<string> {
  const query = { effective: true, ...(resolve ? { resolve_references: true } : {}) };
  const params = { path: { project, config, key }, query };
  const call = api.GET('/api/projects/{project}/configs/{config}/secrets/{key}', { params });
  return (await answered(call)).data.value;
}
