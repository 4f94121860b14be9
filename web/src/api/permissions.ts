import { useQuery } from '@tanstack/react-query';

import { meQuery } from './queries.ts';

/** What the server may allow, as its scopes call it. */
export type Action = string;

/** Whether the user may do something everywhere, or in one project. */
export function useMay(project?: string): (action: Action) => boolean {
  const me = useQuery(meQuery).data;
  return (action) => project !== undefined || (me?.effectivePermissionsSummary.globalActions ?? []).includes(action);
}
