import { infiniteQueryOptions } from '@tanstack/react-query';

import { answered, api, type Schemas } from './client.ts';
import type { Place } from './history.ts';

export type Consumer = Schemas['Consumer'];

const PAGE = 100;

/** Who has which revision of a config. Below the config's own key, so that whatever renews the config renews it, too. */
export const consumersQuery = (place: Place, state?: 'behind') =>
  infiniteQueryOptions({
    queryKey: ['projects', place.project, 'configs', place.config, 'consumers', state ?? 'all'],
    queryFn: async ({ pageParam }) => {
      const query = { limit: PAGE, ...(state === undefined ? {} : { state }), ...pageParam };
      const params = { path: { ...place }, query };
      return (await answered(api.GET('/api/projects/{project}/configs/{config}/consumers', { params }))).data;
    },
    initialPageParam: {} as { cursor?: string },
    getNextPageParam: ({ nextCursor }) => (nextCursor == null ? undefined : { cursor: nextCursor }),
  });
