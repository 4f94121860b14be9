import { Button, Drawer, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import type { Schemas } from '../../api/client.ts';
import { diffQuery, type Place, readValueAt } from '../../api/history.ts';
import { Problem } from '../../ui/Problem.tsx';
import { DifferenceList, type KeyDifference, sentenceFor } from '../record/DifferenceList.tsx';

interface Props {
  place: Place;
  /** Nothing is shown without them. */
  from: number | undefined;
  to: number | undefined;
  /** Only this one. */
  wanted: string | undefined;
  mayReveal: boolean;
  close: () => void;
  /** Goes back to the older one, where that is allowed. */
  rollBack: ((revision: number) => void) | undefined;
}

/** What makes two revisions differ, beside the list of them. */
export function Difference({ from, to, wanted, close, ...rest }: Props) {
  const isOpened = from !== undefined && to !== undefined;
  return (
    <Drawer
      opened={isOpened}
      onClose={close}
      position="right"
      size={760}
      title={isOpened ? titleOf(from, to) : ''}
    >
      {isOpened && <Content key={`${from} ${to} ${wanted ?? ''}`} wanted={wanted} from={from} to={to} {...rest} />}
    </Drawer>
  );
}

function titleOf(from: number, to: number): string {
  return to === from + 1 ? `What ${to} changed` : `From ${from} to ${to}`;
}

function Content({ place, from, to, wanted, mayReveal, rollBack }: Omit<Props, 'close' | 'from' | 'to'> & { from: number; to: number }) {
  const diff = useQuery(diffQuery(place, from, to));
  const read = (key: string, side: 'before' | 'after') => readValueAt(place, key, side === 'before' ? from : to);
  if (diff.isPending) return null;
  if (diff.data === undefined) {
    return <Problem title="The difference is not to be had" error={diff.error} retry={() => void diff.refetch()} />;
  }
  const keys = keysOf(diff.data).filter(({ key }) => wanted === undefined || key === wanted);
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        {keys.length === 0 ? 'The secrets of the config itself are the same in both.' : sentenceFor(keys)}
        {keys.length > 0 && mayReveal && ' Revealing a value goes on record.'}
      </Text>
      {keys.length > 0 && <DifferenceList keys={keys} read={mayReveal ? read : undefined} />}
      {rollBack && keys.length > 0 && (
        <Group>
          <Button variant="default" onClick={() => rollBack(from)}>
            Roll back to {from}…
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function keysOf({ added, removed, changed }: Schemas['Diff']): KeyDifference[] {
  const of = (list: Schemas['Difference'][], state: KeyDifference['state']) =>
    list.map(({ key, from, to }) => ({ key, state, before: about(from), after: about(to) }));
  const all = [...of(added, 'new'), ...of(changed, 'changed'), ...of(removed, 'removed')];
  return all.sort((one, other) => (one.key < other.key ? -1 : 1));
}

function about(secret: Schemas['PastSecret'] | null | undefined): string | undefined {
  if (secret == null) return undefined;
  const note = secret.note == null ? '' : ` · ${secret.note}`;
  return `Version ${secret.version} by ${secret.updatedBy}${note}`;
}
