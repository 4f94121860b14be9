import { Button, Checkbox, Drawer, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import type { Grid } from '../../api/compare.ts';
import { readValue } from '../../api/queries.ts';
import { DifferenceList } from '../record/DifferenceList.tsx';
import { differencesOf, standingOf } from './grid.ts';
import type { Wish } from './Promote.tsx';
import { count } from './promotion.ts';

interface Props {
  project: string;
  grid: Grid;
  /** Nothing is shown without both. */
  from: string | undefined;
  to: string | undefined;
  mayReveal: boolean;
  promote: ((wish: Wish) => void) | undefined;
  /** The other way round. */
  swap: () => void;
  close: () => void;
}

/** What makes two configs differ, beside the grid. */
export function ConfigDifference({ from, to, close, ...rest }: Props) {
  const isOpened = from !== undefined && to !== undefined;
  return (
    <Drawer opened={isOpened} onClose={close} position="right" size={760} title={isOpened ? `${from} and ${to}` : ''}>
      {isOpened && <Content key={`${from} ${to}`} from={from} to={to} {...rest} />}
    </Drawer>
  );
}

function Content({ project, grid, from, to, mayReveal, promote, swap }: Omit<Props, 'close' | 'from' | 'to'> & { from: string; to: string }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const keys = differencesOf(grid, from, to).map(({ key, state, before, after }) => ({
    key,
    state,
    word: state === 'new' ? `only in ${to}` : state === 'removed' ? `only in ${from}` : 'differs',
    before: `${from}: ${standingOf(before)}`,
    after: `${to}: ${standingOf(after)}`,
  }));
  if (keys.length === 0) return <Text size="sm">All keys of {from} and {to} have the same values.</Text>;
  const read = (key: string, side: 'before' | 'after') => readValue(project, side === 'before' ? from : to, key);
  // What is only at the other end has no value to promote.
  const ready = keys.filter(({ key, state }) => chosen.has(key) && state !== 'new').map(({ key }) => key);
  const toggle = (key: string) => {
    const next = new Set(chosen);
    if (!next.delete(key)) next.add(key);
    setChosen(next);
  };
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        {differ(keys.length)} {mayReveal && 'Revealing a value goes on record.'}
      </Text>
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={swap}>
          Swap sides
        </Button>
        {promote && (
          <Button size="xs" disabled={ready.length === 0} onClick={() => promote({ keys: ready, from, to })}>
            {ready.length === 0 ? `Select keys to promote to ${to}` : `Promote ${count(ready.length, 'key')} to ${to}…`}
          </Button>
        )}
      </Group>
      <DifferenceList
        keys={keys}
        read={mayReveal ? read : undefined}
        {...(promote === undefined
          ? {}
          : {
              lead: (key: string) => (
                <Checkbox
                  size="xs"
                  aria-label={`Select ${key}`}
                  disabled={keys.find((found) => found.key === key)?.state === 'new'}
                  checked={chosen.has(key)}
                  onChange={() => toggle(key)}
                />
              ),
            })}
      />
    </Stack>
  );
}

const differ = (number: number) => `${number} ${number === 1 ? 'key differs' : 'keys differ'}.`;
