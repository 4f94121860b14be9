import { SegmentedControl, Skeleton, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';

import { consumersQuery } from '../../api/consumers.ts';
import type { Place } from '../../api/history.ts';
import { End } from '../../ui/End.tsx';
import { PageHead } from '../../ui/PageHead.tsx';
import { Problem } from '../../ui/Problem.tsx';
import type { ConsumersSearch } from './address.ts';
import classes from './consumers.module.css';
import { ConsumersTable } from './ConsumersTable.tsx';
import { NoConsumers } from './NoConsumers.tsx';
import { againIn, headline } from './words.ts';

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
    refetchInterval: ({ state: { data } }) => againIn(data?.pages[0]),
  });
  const first = consumers.data?.pages[0];
  const all = consumers.data?.pages.flatMap((page) => page.consumers) ?? [];
  return (
    <Stack gap="md">
      <PageHead title="Consumers" about="Who keeps this config elsewhere, and which revision each reported within the last day." />
      {consumers.isPending && <Skeleton height={160} />}
      {consumers.isLoadingError && (
        <Problem title="The consumers are not to be had" error={consumers.error} retry={() => void consumers.refetch()} />
      )}
      {first?.total === 0 && <NoConsumers place={place} />}
      {first !== undefined && first.total > 0 && (
        <>
          <div className={classes.head}>
            <p className={classes.headline} role="status" data-current={first.current === first.total || undefined}>
              <span aria-hidden="true" className={classes.sign} />
              {headline(first)}
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
