import { Button, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { wordsFor } from '../../api/client.ts';
import { End } from '../../ui/End.tsx';
import { useFleeting } from '../../ui/useFleeting.ts';
import { Lines } from './Lines.tsx';
import classes from './record.module.css';
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
  keys: KeyDifference[];
  /** Reads one value of a side on which there is one; `null` where it can no longer be opened. Nothing is revealed without it. */
  read: ((key: string, side: 'before' | 'after') => Promise<string | null>) | undefined;
  /** What stands in front of a key. */
  lead?: (key: string) => ReactNode;
}

interface Shown {
  key: string;
  before: string | null;
  after: string | null;
}

/** How many are drawn at first, and more each time that the end comes near. */
const STEP = 100;

/** Keys that differ, whose values are shown one by one when they are asked for. */
export function DifferenceList({ keys, read, lead }: Props) {
  const [drawn, setDrawn] = useState(STEP);
  const { shown, show, hide } = useFleeting<Shown>();
  const reading = useReading(async ({ key, state }: KeyDifference) => {
    const before = state === 'new' || read === undefined ? null : await read(key, 'before');
    const after = state === 'removed' || read === undefined ? null : await read(key, 'after');
    show({ key, before, after });
  });
  return (
    <>
      <ul className={classes.differences} aria-label="Keys that differ">
        {keys.slice(0, drawn).map((difference) => {
          const { key } = difference;
          const isShown = shown?.key === key;
          const refusal = reading.isError && reading.variables.key === key ? wordsFor(reading.error) : null;
          return (
            <li key={key} className={classes.difference}>
              <Head
                difference={difference}
                lead={lead?.(key)}
                isShown={isShown}
                toggle={read && (() => (isShown ? hide() : reading.mutate(difference)))}
              />
              {refusal !== null && (
                <Text size="sm" c="var(--mantine-color-error)" role="alert">
                  Not revealed: {refusal}
                </Text>
              )}
              {isShown && <Values state={difference.state} shown={shown} />}
            </li>
          );
        })}
      </ul>
      {drawn < keys.length && <End key={drawn} reached={() => setDrawn(drawn + STEP)} />}
    </>
  );
}

interface HeadProps {
  difference: KeyDifference;
  lead: ReactNode;
  isShown: boolean;
  toggle: (() => void) | undefined;
}

function Head({ difference: { key, state, word = state, before, after }, lead, isShown, toggle }: HeadProps) {
  return (
    <>
      <div className={classes.differenceHead}>
        {lead}
        <span className={classes.key}>{key}</span>
        <span className={classes.state} data-state={state}>
          {word}
        </span>
        {toggle && (
          <Button size="compact-sm" variant="subtle" aria-label={`${isShown ? 'Hide' : 'Reveal'} ${key}`} onClick={toggle}>
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
    </>
  );
}

function Values({ state, shown: { key, before, after } }: { state: KeyDifference['state']; shown: Shown }) {
  const isLost = (before === null && state !== 'new') || (after === null && state !== 'removed');
  if (isLost || before === after) {
    return (
      <Text size="sm" c="dimmed">
        {isLost ? 'One of the values can no longer be opened.' : 'Both values are the same.'}
      </Text>
    );
  }
  return <Lines before={before} after={after} label={`Values of ${key}`} />;
}

/** Says `3 keys differ: 1 new, 2 changed.` */
export function sentenceFor(keys: KeyDifference[]): string {
  const states = ['new', 'changed', 'removed'] as const;
  const counts = states.map((state) => ({ state, count: keys.filter((key) => key.state === state).length }));
  const parts = counts.filter(({ count }) => count > 0).map(({ state, count }) => `${count} ${state}`);
  return `${keys.length} ${keys.length === 1 ? 'key differs' : 'keys differ'}: ${parts.join(', ')}.`;
}
