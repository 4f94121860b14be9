// What holds for the workspace as a whole.

import { queryOptions } from '@tanstack/react-query';

import { answered, api, type Schemas } from './client.ts';

export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: async () => (await answered(api.GET('/api/workspace/settings'))).data.settings,
});

export async function changeSettings(body: Schemas['SettingsUpdate']) {
  await answered(api.PATCH('/api/workspace/settings', { body }));
}

export const keysOfServerQuery = queryOptions({
  queryKey: ['settings', 'keys'],
  queryFn: async () => (await answered(api.GET('/api/keys'))).data,
});

export const versionQuery = queryOptions({
  queryKey: ['version'],
  queryFn: async () => (await answered(api.GET('/api/version'))).data.version,
});
