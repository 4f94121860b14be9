import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { answered, api } from '../../api/client.ts';
import { When } from '../../ui/When.tsx';
import { changes } from './drafts.ts';
import type { Place } from './references.ts';

/** Says who came first, and which keys it is about. */
export function Conflicts({ place: { project, config }, keys, count }: { place: Place; keys: string[]; count: number }) {
  const latest = useQuery({
    queryKey: ['projects', project, 'configs', config, 'latest', keys],
    queryFn: async () => {
      const params = { path: { project, config }, query: { limit: 1 } };
      const call = api.GET('/api/projects/{project}/configs/{config}/revisions', { params });
      return (await answered(call)).data.revisions[0] ?? null;
    },
  }).data;
  const touching = keys.length === 1 ? 'touches the same key' : 'touch the same keys';
  return (
    <Text size="sm" c="var(--mantine-color-error)" role="alert">
      {latest == null ? (
        'Somebody else saved'
      ) : (
        <>
          {latest.actor} saved revision {latest.revision} <When at={latest.at} />
        </>
      )}
      ; {keys.length} of your {changes(count)} {touching}: {list(keys)}. Nothing of yours is saved yet.
    </Text>
  );
}

function list(keys: string[]): string {
  return keys.length <= 3 ? keys.join(', ') : `${keys.slice(0, 2).join(', ')} and ${keys.length - 2} more`;
}
