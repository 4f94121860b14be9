import { SegmentedControl, Skeleton, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';

import type { Schemas } from '../../api/client.ts';
import { consumersQuery } from '../../api/consumers.ts';
import type { Place } from '../../api/history.ts';
import { End } from '../../ui/End.tsx';
import { PageHead } from '../../ui/PageHead.tsx';
import { Problem } from '../../ui/Problem.tsx';
import type { ConsumersSearch } from './address.ts';
import classes from './consumers.module.css';
import { ConsumersTable } from './ConsumersTable.tsx';
import { Inheriting } from './Inheriting.tsx';
import { NoConsumers } from './NoConsumers.tsx';
import { againIn, headline, isDone } from './words.ts';

interface Props {
  place: Place;
  search: ConsumersSearch;
  /** Goes where the address says so. */
  go: (search: ConsumersSearch) => void;
}

/** Who has which revision of a config: whoever changes a secret sees here when everybody has it. */
export function ConfigConsumers({ place, search: { state }, go }: Props) {
  const consumers = useInfiniteQuery({
    ...consumersQuery(place, state),
    // Only while the page is seen.
    refetchInterval: ({ state: { data } }) => againIn(data && countsOf(data.pages)),
  });
  const pages = consumers.data?.pages ?? [];
  const [first, counts] = [pages[0], countsOf(pages)];
  const all = pages.flatMap((page) => page.consumers);
  return (
    <Stack gap="md">
      <PageHead title="Consumers" about="Who keeps this config elsewhere, and which revision each reported within the last day. This is about Secrets: pods that read them as variables have the old value until they restart." />
      <Inheriting place={place} />
      {consumers.isPending && <Skeleton height={160} />}
      {consumers.isError && (
        <Problem
          title={first === undefined ? 'The consumers are not to be had' : 'The consumers cannot be asked for: this is what was last known'}
          error={consumers.error}
          retry={() => void consumers.refetch()}
        />
      )}
      {first?.total === 0 && <NoConsumers place={place} />}
      {first !== undefined && first.total > 0 && (
        <>
          <div className={classes.head}>
            <p className={classes.headline} role="status" data-current={(counts !== undefined && isDone(counts) && !consumers.isError) || undefined}>
              <span aria-hidden="true" className={classes.sign} />
              {counts !== undefined && headline(counts)}
            </p>
            <SegmentedControl
              aria-label="Which"
              size="xs"
              data={[
                { value: 'all', label: `All ${first.total}` },
                { value: 'behind', label: `Behind ${first.total - first.current}` },
              ]}
              value={state ?? 'all'}
              onChange={(next) => go(next === 'behind' ? { state: 'behind' } : {})}
            />
          </div>
          {all.length > 0 ? (
            <ConsumersTable consumers={all} epoch={first.epoch} />
          ) : (
            <Text c="dimmed" py="lg">
              Nobody is behind.
            </Text>
          )}
          {consumers.hasNextPage && <End key={consumers.data?.pages.length} reached={() => void consumers.fetchNextPage()} />}
        </>
      )}
    </Stack>
  );
}

/** The server's counts, with those that are behind for good among what is loaded. */
function countsOf(pages: Schemas['ConsumerPage'][]) {
  const [first] = pages;
  if (first === undefined) return undefined;
  const ended = pages.flatMap(({ consumers }) => consumers).filter((one) => one.tokenEnded && !one.current).length;
  return { ...first, ended };
}
