import { hashKey, type QueryClient, type QueryFilters, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { keysQuery, meQuery, projectsQuery } from '../api/queries.ts';
import { Follower, type Stale } from './events.ts';
import { followShared } from './shared.ts';

/** How far apart it is loaded again, however much changes meanwhile. */
const PAUSE_MS = 1_000;

/** Loads again what others change, as they change it, and tells whether that works just now. */
export function useLive(): { isLost: boolean } {
  const queries = useQueryClient();
  const [isLost, setIsLost] = useState(false);
  useEffect(() => {
    const follower = new Follower();
    const projects = new Set<string>();
    let [isAllStale, isUnsure] = [false, false];
    let timer: number | undefined;
    let loadedAt = -Infinity;
    const load = () => {
      timer = undefined;
      loadedAt = performance.now();
      const stale: QueryFilters[] = isAllStale ? [{}] : [...projects].map((project) => ({ queryKey: ['projects', project] }));
      if (isUnsure && !isAllStale) stale.push(unsure(queries, follower));
      for (const filter of stale) void queries.invalidateQueries(filter);
      [isAllStale, isUnsure] = [false, false];
      projects.clear();
    };
    const note = (stale: Stale) => {
      if (stale === 'nothing') return;
      if (stale === 'session') return void queries.invalidateQueries({ queryKey: meQuery.queryKey, exact: true });
      if (stale === 'everything') isAllStale = true;
      else if (stale === 'unsure') isUnsure = true;
      else projects.add(stale.project);
      // A burst, as of rights in many configs, is told within one turn.
      timer ??= window.setTimeout(load, Math.max(50, loadedAt + PAUSE_MS - performance.now()));
    };

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

/** What of the projects may be older than what was told: all but the keys that are of the revision there is. */
function unsure(queries: QueryClient, follower: Follower): QueryFilters {
  const sure = new Set<string>();
  for (const { project, config, revision } of follower.revisions()) {
    const { queryKey } = keysQuery(project, config);
    if (queries.getQueryData(queryKey)?.revision === revision) sure.add(hashKey(queryKey));
  }
  return { queryKey: projectsQuery.queryKey, predicate: ({ queryHash }) => !sure.has(queryHash) };
}
