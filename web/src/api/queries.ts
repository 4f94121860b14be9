import { queryOptions } from '@tanstack/react-query';

import { session } from '../session/session.ts';
import { answered, api, type Schemas } from './client.ts';

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async () => {
    const { data } = await answered(api.GET('/api/me'));
    session.begun();
    return data;
  },
});

export const onboardingQuery = queryOptions({
  queryKey: ['onboarding'],
  queryFn: async () => (await answered(api.GET('/api/onboarding/status'))).data.onboarding,
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
      return { etag: response.headers.get('etag') ?? '*', revision, meta: meta ?? {} };
    },
  });

/** One value, which the server records as a read. It is kept in no cache. */
export async function readValue(project: string, config: string, key: string, resolve = false): Promise<string> {
  const query = { effective: true, ...(resolve ? { resolve_references: true } : {}) };
  const params = { path: { project, config, key }, query };
  const call = api.GET('/api/projects/{project}/configs/{config}/secrets/{key}', { params });
  return (await answered(call)).data.value;
}
