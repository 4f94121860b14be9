import { Button, Group, Text } from '@mantine/core';

import { Conflicts } from './Conflicts.tsx';
import type { Place } from './references.ts';
import classes from './secrets.module.css';

interface Props {
  place: Place;
  summary: string;
  /** How many changes there are. */
  count: number;
  /** The keys of those that somebody else changed, too. */
  conflicts: string[];
  /** Why the last try to save failed. */
  refusal: string | null;
  isSaving: boolean;
  review: () => void;
  save: () => void;
  discard: () => void;
}

export function SaveBar({ place, summary, count, conflicts, refusal, isSaving, review, save, discard }: Props) {
  const isContested = conflicts.length > 0;
  return (
    <section className={classes.bar} aria-label="Changes that are not saved">
      <div className={classes.barText}>
        <Text size="sm" fw={500}>
          {summary}
        </Text>
        {isContested && <Conflicts place={place} keys={conflicts} count={count} />}
        {!isContested && refusal !== null && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            Not saved: {refusal}
          </Text>
        )}
      </div>
      <Group gap="xs" className={classes.barActions}>
        <Button variant="default" onClick={discard} disabled={isSaving}>
          Discard
        </Button>
        {isContested ? (
          <Button onClick={review}>Choose what counts</Button>
        ) : (
          <>
            <Button variant="default" onClick={review} disabled={isSaving}>
              Review…
            </Button>
            <Button onClick={save} loading={isSaving}>
              Save as one revision
            </Button>
          </>
        )}
      </Group>
    </section>
  );
}
