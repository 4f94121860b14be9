import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { keysQuery, meQuery } from '../api/queries.ts';
import { Follower, type Stale } from './events.ts';
import { followShared } from './shared.ts';

/** Loads again what others change, as they change it, and tells whether that works just now. */
export function useLive(): { isLost: boolean } {
  const queries = useQueryClient();
  const [isLost, setIsLost] = useState(false);
  useEffect(() => {
    const follower = new Follower(
      (project, config) => queries.getQueryData(keysQuery(project, config).queryKey)?.revision,
    );
    const load = (stale: Stale) => {
      if (stale === 'nothing') return;
      if (stale === 'everything') void queries.invalidateQueries();
      else if (stale === 'session') void queries.invalidateQueries({ queryKey: meQuery.queryKey, exact: true });
      else void queries.invalidateQueries({ queryKey: ['projects', stale.project] });
    };
    return followShared(follower, (stale) => {
      setIsLost(follower.isLost);
      load(stale);
    });
  }, [queries]);
  return { isLost };
}
