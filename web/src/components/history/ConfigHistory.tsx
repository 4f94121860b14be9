import { Button, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';

import { type Place, revisionsQuery } from '../../api/history.ts';
import { useMay } from '../../api/permissions.ts';
import { End } from '../../ui/End.tsx';
import { PageHead } from '../../ui/PageHead.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { between, type HistorySearch } from './address.ts';
import { Difference } from './Difference.tsx';
import classes from './history.module.css';
import { KeyFilter } from './KeyFilter.tsx';
import { KeyVersions } from './KeyVersions.tsx';
import { RollBack } from './RollBack.tsx';
import { type RevisionActions, Timeline } from './Timeline.tsx';

interface Props {
  place: Place;
  search: HistorySearch;
  /** Goes where the address says so. */
  go: (search: HistorySearch) => void;
}

export function ConfigHistory({ place, search: { key, from, to, rollback }, go }: Props) {
  const may = useMay(place.project);
  const mayReveal = may('secrets:read');
  const mayRollBack = mayReveal && may('secrets:write');
  const narrowed = key === undefined ? {} : { key };
  const goBack = mayRollBack ? (revision: number) => go({ ...narrowed, rollback: revision }) : undefined;
  return (
    <Stack gap="md">
      <PageHead title="History" about="What was done to this config itself. Inherited keys have their history where they are from." />
      <div className={classes.toolbar}>
        <KeyFilter key={key} place={place} value={key} onChange={(next) => go(next === undefined ? {} : { key: next })} />
      </div>
      {from !== undefined && to === undefined && (
        <div className={classes.choosing} role="status">
          <Text size="sm">Choose the revision to compare {from} with.</Text>
          <Button size="compact-sm" variant="default" onClick={() => go(narrowed)}>
            Cancel
          </Button>
        </div>
      )}
      {key === undefined ? (
        <Revisions place={place} chosen={to === undefined ? from : undefined} goBack={goBack} go={go} />
      ) : (
        <KeyVersions key={key} place={place} name={key} mayReveal={mayReveal} difference={(one, other) => go({ key, from: one, to: other })} />
      )}
      <Difference
        place={place}
        from={from}
        to={to}
        wanted={key}
        mayReveal={mayReveal}
        close={() => go(narrowed)}
        rollBack={goBack}
      />
      <RollBack place={place} revision={mayRollBack ? rollback : undefined} mayReveal={mayReveal} close={() => go(narrowed)} />
    </Stack>
  );
}

interface RevisionsProps {
  place: Place;
  chosen: number | undefined;
  goBack: ((revision: number) => void) | undefined;
  go: (search: HistorySearch) => void;
}

function Revisions({ place, chosen, goBack, go }: RevisionsProps) {
  const revisions = useInfiniteQuery(revisionsQuery(place));
  const navigate = useNavigate();
  const mayAudit = useMay(place.project)('audit:read');
  const actions = useMemo<RevisionActions>(
    () => ({
      // Every revision is later than what it changed.
      difference: (revision) => go(between(chosen ?? revision - 1, revision)),
      choose: (revision) => go({ from: revision }),
      pickKey: (key) => go({ key }),
      rollBack: (revision) => goBack?.(revision),
      record: mayAudit ? (at) => void navigate({ to: '/audit', search: { ...place, since: at, until: at } }) : undefined,
    }),
    [chosen, go, goBack, mayAudit, navigate, place],
  );
  if (revisions.isPending) return null;
  if (revisions.data === undefined) {
    return <Problem title="The history is not to be had" error={revisions.error} retry={() => void revisions.refetch()} />;
  }
  const all = revisions.data.pages.flatMap((page) => page.revisions);
  return (
    <div>
      <Stack gap="md">
        <Timeline revisions={all} chosen={chosen} mayRollBack={goBack !== undefined} actions={actions} />
      </Stack>
      {revisions.hasNextPage && <End key={revisions.data.pages.length} reached={() => void revisions.fetchNextPage()} />}
    </div>
  );
}
