import { Button, Group, Text } from '@mantine/core';

import { When } from '../../ui/When.tsx';
import type { Conflict } from './drafts.ts';
import classes from './secrets.module.css';

interface Props {
  summary: string;
  conflict: Conflict | null;
  /** Why the last try to save failed. */
  refusal: string | null;
  isSaving: boolean;
  save: () => void;
  /** Saves over what others did meanwhile. */
  saveOver: () => void;
  discard: () => void;
  discardTheirs: (keys: string[]) => void;
}

export function SaveBar(props: Props) {
  const { summary, conflict, refusal, isSaving, save, saveOver, discard, discardTheirs } = props;
  return (
    <section className={classes.bar} aria-label="Changes that are not saved">
      <div className={classes.barText}>
        <Text size="sm" fw={500}>
          {summary}
        </Text>
        {conflict !== null && <ConflictNote conflict={conflict} />}
        {conflict === null && refusal !== null && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            Not saved: {refusal}
          </Text>
        )}
      </div>
      <Group gap="xs" className={classes.barActions}>
        <Button variant="default" onClick={discard} disabled={isSaving}>
          Discard
        </Button>
        {conflict !== null && conflict.keys.length > 0 && (
          <Button variant="default" onClick={() => discardTheirs(conflict.keys)} disabled={isSaving}>
            Drop mine of {list(conflict.keys)}
          </Button>
        )}
        {conflict === null ? (
          <Button onClick={save} loading={isSaving}>
            Save as one revision
          </Button>
        ) : (
          <Button onClick={saveOver} loading={isSaving}>
            Save over revision {conflict.revision}
          </Button>
        )}
      </Group>
    </section>
  );
}

function ConflictNote({ conflict: { by, at, revision, keys } }: { conflict: Conflict }) {
  return (
    <Text size="sm" c={keys.length > 0 ? 'var(--mantine-color-error)' : 'dimmed'} role="alert">
      {by ?? 'Somebody'} saved revision {revision} {at !== undefined && <When at={at} />}; nothing of yours is saved yet.{' '}
      {keys.length === 0 ? 'None of your changes touches the same key.' : `${list(keys)} was changed by both of you.`}
    </Text>
  );
}

function list(keys: string[]): string {
  return keys.length <= 2 ? keys.join(' and ') : `${keys.length} keys`;
}
