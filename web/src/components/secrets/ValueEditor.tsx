import { Button, Group, Text, Textarea } from '@mantine/core';
import { useState } from 'react';

import { problemWithValue } from './drafts.ts';
import type { Place } from './references.ts';
import classes from './secrets.module.css';

interface Props {
  name: string;
  place: Place;
  initial: string;
  /** The config whose value this one would hide. */
  overrides: string | null;
  keep: (value: string) => void;
  cancel: () => void;
}

/** A value in its row. It grows with its lines. */
export function ValueEditor({ name, initial, overrides, keep, cancel }: Props) {
  const [text, setText] = useState(initial);
  const problem = problemWithValue(text);
  const keepIt = () => problem === null && keep(text);
  return (
    <div className={classes.editor}>
      <Textarea
        aria-label={`Value of ${name}`}
        classNames={{ input: classes.mono ?? '' }}
        placeholder="empty"
        autosize
        minRows={1}
        maxRows={14}
        autoFocus
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        error={problem}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            cancel();
          } else if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
            event.preventDefault();
            keepIt();
          }
        }}
      />
      <Group gap="xs">
        <Button size="xs" onClick={keepIt} disabled={problem !== null}>
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
