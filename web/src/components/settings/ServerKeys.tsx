import { Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import type { Schemas } from '../../api/client.ts';
import { keysOfServerQuery } from '../../api/settings.ts';
import { Problem } from '../../ui/Problem.tsx';
import { When } from '../../ui/When.tsx';
import { Facts } from './Facts.tsx';
import classes from './settings.module.css';

/** The keys that values are sealed with. They are changed on the server; here is how they stand. */
export function ServerKeys() {
  const keys = useQuery(keysOfServerQuery);
  if (keys.isPending) return <Skeleton height={80} />;
  if (keys.isError) {
    return <Problem title="The keys are not to be had" error={keys.error} retry={() => void keys.refetch()} />;
  }
  const { rootKey, dataKeys, rotation } = keys.data;
  return (
    <>
      <Facts
        facts={[
          ['Root key', <Fingerprint key="root" text={rootKey.fingerprint} />],
          ['In use since', <When key="since" at={rootKey.since} />],
          ['Data keys', dataKeys.total],
          ['Oldest data key in use', dataKeys.oldestInUse == null ? 'none yet' : <When key="oldest" at={dataKeys.oldestInUse} />],
        ]}
      />
      <Text size="sm">{wordsFor(rotation)}</Text>
    </>
  );
}

function Fingerprint({ text }: { text: string }) {
  return <span className={classes.mono}>{text}</span>;
}

function wordsFor({ state, rewrapped, total }: Schemas['Rotation']): string {
  switch (state) {
    case 'ready':
      return 'The server was given another root key. Run ssm-server keys rotate-root to change to it; until then the one above counts.';
    case 'running':
      return `The root key is being changed: ${rewrapped} of ${total} data keys are wrapped anew. Keep the key of before until all are.`;
    default:
      return 'The root key wraps every data key. Nothing is to be done.';
  }
}
