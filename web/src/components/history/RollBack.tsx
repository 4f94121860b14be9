import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { Refusal, type Schemas, wordsFor } from '../../api/client.ts';
import { type Place, readValueAt, rollBack, rollbackQuery } from '../../api/history.ts';
import { Problem } from '../../ui/Problem.tsx';
import { DifferenceList, type KeyDifference } from '../record/DifferenceList.tsx';
import classes from './history.module.css';

interface Props {
  place: Place;
  /** The revision to go back to; nothing is asked without one. */
  revision: number | undefined;
  mayReveal: boolean;
  close: () => void;
}

/** Shows exactly what going back would change, and then does it. */
export function RollBack({ revision, close, ...rest }: Props) {
  return (
    <Modal opened={revision !== undefined} onClose={close} size="xl" title={`Roll back ${rest.place.config} to ${revision ?? ''}`}>
      {revision !== undefined && <Content revision={revision} close={close} {...rest} />}
    </Modal>
  );
}

function Content({ place, revision, mayReveal, close }: Omit<Props, 'revision'> & { revision: number }) {
  const queries = useQueryClient();
  const preview = useQuery(rollbackQuery(place, revision));
  const rolling = useMutation({
    mutationFn: (etag: string) => rollBack(place, revision, etag),
    onSuccess: async (done) => {
      notifications.show({ message: `Rolled back to ${revision}, which is revision ${done.revision} now` });
      close();
      await queries.invalidateQueries({ queryKey: ['projects', place.project, 'configs'] });
    },
    onError: async (error) => {
      // What came between is in the preview then, and nothing is done before it was seen.
      if (error instanceof Refusal && error.status === 412) await preview.refetch();
    },
  });
  if (preview.isPending) return null;
  if (preview.data === undefined) {
    return <Problem title="It cannot be rolled back" error={preview.error} retry={() => void preview.refetch()} />;
  }
  const { etag, revision: present } = preview.data;
  const read = (key: string, side: 'before' | 'after') => readValueAt(place, key, side === 'before' ? present : revision);
  const keys = keysOf(preview.data.keys);
  return (
    <Stack gap="md">
      <Text size="sm">{keys.length === 0 ? `Nothing would change: its own secrets are what they were at ${revision}.` : sentenceFor(keys)}</Text>
      {keys.length > 0 && (
        <>
          <div className={classes.preview}>
            <DifferenceList key={present} keys={keys} read={mayReveal ? read : undefined} />
          </div>
          <Text size="sm" c="dimmed">
            This is saved as a new revision. What came after {revision} stays in the history, and you can come back to it.
          </Text>
        </>
      )}
      {rolling.isError && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          Not rolled back: {refusalOf(rolling.error)}
        </Text>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={close}>
          {keys.length === 0 ? 'Close' : 'Cancel'}
        </Button>
        {keys.length > 0 && (
          <Button loading={rolling.isPending} onClick={() => rolling.mutate(etag)}>
            Roll back to {revision}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function refusalOf(error: unknown): string {
  if (error instanceof Refusal && error.status === 412) {
    return 'somebody changed the config meanwhile. Above is what it would come to now.';
  }
  return wordsFor(error);
}

function keysOf(keys: Schemas['KeyChange'][]): KeyDifference[] {
  return keys.flatMap(({ key, change }): KeyDifference[] => {
    switch (change) {
      case 'new':
        return [{ key, state: 'new', word: 'comes back' }];
      case 'changed':
        return [{ key, state: 'changed', word: 'gets its old value' }];
      case 'deleted':
        return [{ key, state: 'removed', word: 'goes' }];
      default:
        return [];
    }
  });
}

function sentenceFor(keys: KeyDifference[]): string {
  const count = (state: KeyDifference['state']) => keys.filter((key) => key.state === state).length;
  const many = (number: number, one: string, more: string) => (number === 0 ? '' : `${number} ${number === 1 ? one : more}`);
  const parts = [
    many(count('changed'), 'key gets its old value', 'keys get their old values'),
    many(count('new'), 'comes back', 'come back'),
    many(count('removed'), 'goes', 'go'),
  ].filter((part) => part !== '');
  return `${parts.join(', ')}. All else stays as it is.`;
}
