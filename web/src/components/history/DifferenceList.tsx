import { Button, Text } from '@mantine/core';

import { type Place, readValueAt } from '../../api/history.ts';
import { wordsFor } from '../../api/client.ts';
import { useFleeting } from '../../ui/useFleeting.ts';
import { Lines } from '../record/Lines.tsx';
import classes from './history.module.css';
import { useReading } from './useReading.ts';

/** What becomes of a key on the way from one side to the other. */
export interface KeyDifference {
  key: string;
  state: 'new' | 'changed' | 'removed';
  /** How it is told, where the state's own word would not say it. */
  word?: string;
  /** What is known of each side beside its value. */
  before?: string | undefined;
  after?: string | undefined;
}

interface Props {
  place: Place;
  /** The revisions of the two sides. */
  from: number;
  to: number;
  keys: KeyDifference[];
  mayReveal: boolean;
}

interface Shown {
  key: string;
  before: string | null;
  after: string | null;
}

/** Keys that differ between two revisions, whose values are shown one by one when they are asked for. */
export function DifferenceList({ place, from, to, keys, mayReveal }: Props) {
  const { shown, show, hide } = useFleeting<Shown>();
  const reading = useReading(async ({ key, state }: KeyDifference) => {
    const before = state === 'new' ? null : await readValueAt(place, key, from);
    const after = state === 'removed' ? null : await readValueAt(place, key, to);
    show({ key, before, after });
  });
  return (
    <ul className={classes.differences} aria-label="Keys that differ">
      {keys.map((difference) => {
        const { key, state, word = state, before, after } = difference;
        const isShown = shown?.key === key;
        return (
          <li key={key} className={classes.difference}>
            <div className={classes.differenceHead}>
              <span className={classes.key}>{key}</span>
              <span className={classes.state} data-state={state}>
                {word}
              </span>
              {mayReveal && (
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={`${isShown ? 'Hide' : 'Reveal'} ${key}`}
                  onClick={() => (isShown ? hide() : reading.mutate(difference))}
                >
                  {isShown ? 'Hide' : 'Reveal'}
                </Button>
              )}
            </div>
            {(before ?? after) !== undefined && (
              <div className={classes.sides}>
                <span>{before ?? 'Not there'}</span>
                <span>{after ?? 'Not there'}</span>
              </div>
            )}
            {reading.isError && reading.variables.key === key && (
              <Text size="sm" c="var(--mantine-color-error)" role="alert">
                Not revealed: {wordsFor(reading.error)}
              </Text>
            )}
            {isShown && <Values state={state} shown={shown} />}
          </li>
        );
      })}
    </ul>
  );
}

function Values({ state, shown: { key, before, after } }: { state: KeyDifference['state']; shown: Shown }) {
  const isLost = (before === null && state !== 'new') || (after === null && state !== 'removed');
  if (isLost) {
    return (
      <Text size="sm" c="dimmed">
        One of the values can no longer be opened.
      </Text>
    );
  }
  if (before !== null && before === after) {
    return (
      <Text size="sm" c="dimmed">
        Both values are the same; it was set to what it was already, or changed back.
      </Text>
    );
  }
  return <Lines before={before} after={after} label={`Values of ${key}`} />;
}
