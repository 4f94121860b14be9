import { queryOptions } from '@tanstack/react-query';

import { answered, api, tagOf, type Schemas } from './client.ts';

export type Cell = Schemas['GridCell'];

/** A project's keys in all of its configs, without values. */
export interface Grid {
  /** In the order in which each row has its cells. */
  configs: string[];
  rows: Schemas['GridRow'][];
}

const PAGE = 1_000;

const compareKey = (project: string) => ['projects', project, 'compare'] as const;

/** All of the grid: what differs and what is missing cannot be told from a part of it. */
export const gridQuery = (project: string) =>
  queryOptions({
    queryKey: compareKey(project),
    queryFn: async ({ signal }): Promise<Grid> => {
      const rows: Grid['rows'] = [];
      let configs: string[] = [];
      for (let more: { cursor?: string } | null = {}; more !== null; ) {
        const page: Schemas['Grid'] = await pageOf(project, more, signal);
        configs = page.configs;
        rows.push(...page.keys);
        more = page.nextCursor == null ? null : { cursor: page.nextCursor };
      }
      return { configs, rows };
    },
  });

async function pageOf(project: string, more: { cursor?: string }, signal: AbortSignal) {
  const params = { path: { project }, query: { limit: PAGE, ...more } };
  return (await answered(api.GET('/api/projects/{project}/compare', { params, signal }))).data;
}

/** Which values of a config go into another one. */
export interface Promotion {
  from: string;
  to: string;
  keys: string[];
}

/** What a promotion would come to, and the tag of the config for which that is true. */
export const promotionQuery = (project: string, promotion: Promotion) =>
  queryOptions({
    queryKey: [...compareKey(project), 'promotion', promotion],
    queryFn: async () => {
      const { data, response } = await answered(promoteCall(project, { ...promotion, dryRun: true }));
      return { ...data, etag: tagOf(response) };
    },
    staleTime: 0,
    gcTime: 0,
  });

/** Promotes, provided that the config is still what the preview was about. */
export async function promote(project: string, promotion: Promotion, etag: string) {
  return (await answered(promoteCall(project, promotion, etag))).data;
}

function promoteCall(project: string, body: Schemas['Promotion'], etag?: string) {
  const params = { path: { project }, header: etag === undefined ? {} : { 'If-Match': etag } };
  return api.POST('/api/projects/{project}/promote', { params, body });
}
