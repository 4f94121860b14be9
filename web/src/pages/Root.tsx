import { Center, Container } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';

import { Refusal } from '../api/client.ts';
import { meQuery } from '../api/queries.ts';
import { Frame } from '../components/frame/Frame.tsx';
import { SessionEnded } from '../components/SessionEnded.tsx';
import { Problem } from '../ui/Problem.tsx';
import { Door } from './Door.tsx';

/** Lets in who is signed in, and keeps the address that others came for until they are. */
export function Root() {
  const me = useQuery(meQuery);
  useAllPages(me.data !== undefined);
  if (me.data !== undefined) {
    return (
      <Frame me={me.data}>
        <SessionEnded username={me.data.username} />
        <Outlet />
      </Frame>
    );
  }
  if (me.isPending) return null;
  if (me.error instanceof Refusal && me.error.status === 401) return <Door />;
  return (
    <Center mih="100vh">
      <Container size="xs">
        <Problem title="The console cannot start" error={me.error} retry={() => void me.refetch()} />
      </Container>
    </Center>
  );
}

/** How long after the first view the others are loaded. */
const LATER_MS = 1_500;

/** Loads all pages before they are asked for, so that one can go from one to another also while the server is away. */
function useAllPages(isIn: boolean) {
  const router = useRouter();
  useEffect(() => {
    if (!isIn) return;
    const load = () => {
      for (const route of Object.values(router.routesById)) void router.loadRouteChunk(route)?.catch(() => undefined);
    };
    const timer = window.setTimeout(load, LATER_MS);
    return () => window.clearTimeout(timer);
  }, [router, isIn]);
}
