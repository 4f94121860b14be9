import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { allows, permissionsQuery } from '../api/permissions.ts';
import { meQuery } from '../api/queries.ts';
import { MadeToken, type Made } from '../components/tokens/MadeToken.tsx';
import { TokenForm } from '../components/tokens/TokenForm.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { Problem } from '../ui/Problem.tsx';
import { useTitle } from '../ui/useTitle.ts';

export function NewToken() {
  useTitle('New token');
  const { project = null, config = null } = useSearch({ from: '/tokens/new' });
  const me = useQuery(meQuery);
  const permissions = useQuery(permissionsQuery);
  const [made, setMade] = useState<Made | null>(null);
  if (made !== null) return <MadeToken {...made} again={() => setMade(null)} />;
  if (permissions.isLoadingError) {
    return <Problem title="What you may do is not to be had" error={permissions.error} retry={() => void permissions.refetch()} />;
  }
  return (
    <Stack gap="lg" maw={820}>
      <PageHead title="New token" about="It can do what the sentence says. You cannot give what you may not do yourself." />
      {me.data === undefined || permissions.data === undefined ? (
        <Skeleton height={280} />
      ) : (
        <TokenForm
          username={me.data.username}
          place={{ project, config: project === null ? null : config }}
          forMachines={allows(permissions.data, 'tokens:write', project ?? undefined)}
          made={(issued, wish, actions) =>
            setMade({ issued, actions, places: wish.places, name: wish.isMachine ? wish.name : me.data.username })
          }
        />
      )}
    </Stack>
  );
}
