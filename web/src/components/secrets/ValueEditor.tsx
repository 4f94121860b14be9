import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';

import { problemWithValue } from './drafts.ts';
import type { Place } from './references.ts';
import classes from './values.module.css';
import { ValueField } from './ValueField.tsx';

interface Props {
  name: string;
  place: Place;
  initial: string;
  /** The config whose value this one would hide. */
  overrides: string | null;
  /** Hears of each change of the text. */
  type: (text: string) => void;
  keep: () => void;
  cancel: () => void;
}

/** A value in its row. */
export function ValueEditor({ name, place, initial, overrides, type, keep, cancel }: Props) {
  const [text, setText] = useState(initial);
  const isWrong = problemWithValue(text) !== null;
  const keepIt = () => {
    if (!isWrong) keep();
  };
  return (
    <div className={classes.editor}>
      <ValueField
        aria-label={`Value of ${name}`}
        place={place}
        autoFocus
        text={text}
        setText={(next) => {
          setText(next);
          type(next);
        }}
        accept={keepIt}
        cancel={cancel}
      />
      <Group gap="xs">
        <Button size="xs" onClick={keepIt} disabled={isWrong}>
          Keep
        </Button>
        <Button size="xs" variant="default" onClick={cancel}>
          Cancel
        </Button>
        <Text size="xs" c="dimmed">
          {overrides === null ? '' : `Keeping it overrides ${overrides}. `}Ctrl or ⌘ with Enter keeps it, Esc restores.
        </Text>
      </Group>
    </div>
  );
}
