import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { keysQuery, meQuery } from '../api/queries.ts';
import { Follower, type Stale } from './events.ts';
import { followShared } from './shared.ts';

/** How far apart it is loaded again, however much changes meanwhile. */
const PAUSE_MS = 1_000;

/** Loads again what others change, as they change it, and tells whether that works just now. */
export function useLive(): { isLost: boolean } {
  const queries = useQueryClient();
  const [isLost, setIsLost] = useState(false);
  useEffect(() => {
    const projects = new Set<string>();
    let isAllStale = false;
    let timer: number | undefined;
    let loadedAt = -Infinity;
    const load = () => {
      timer = undefined;
      loadedAt = performance.now();
      const stale = isAllStale ? [[]] : [...projects].map((project) => ['projects', project]);
      for (const queryKey of stale) void queries.invalidateQueries({ queryKey });
      isAllStale = false;
      projects.clear();
    };
    const note = (stale: Stale) => {
      if (stale === 'nothing') return;
      if (stale === 'session') return void queries.invalidateQueries({ queryKey: meQuery.queryKey, exact: true });
      if (stale === 'everything') isAllStale = true;
      else projects.add(stale.project);
      // A burst, as of rights in many configs, is told within one turn.
      timer ??= window.setTimeout(load, Math.max(50, loadedAt + PAUSE_MS - performance.now()));
    };

    const follower = new Follower(
      (project, config) => queries.getQueryData(keysQuery(project, config).queryKey)?.revision,
    );
    const stop = followShared(follower, (stale) => {
      setIsLost(follower.isLost);
      note(stale);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [queries]);
  return { isLost };
}
