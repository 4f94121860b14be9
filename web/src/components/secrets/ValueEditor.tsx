import { Button, Group, Text, Textarea } from '@mantine/core';
import { useState } from 'react';

import classes from './secrets.module.css';

interface Props {
  name: string;
  initial: string;
  /** What keeping it comes to, where that is more than a changed value. */
  note?: string | undefined;
  keep: (value: string) => void;
  cancel: () => void;
}

/** A value in its row. It grows with its lines. */
export function ValueEditor({ name, initial, note, keep, cancel }: Props) {
  const [text, setText] = useState(initial);
  return (
    <div className={classes.editor}>
      <Textarea
        aria-label={`Value of ${name}`}
        classNames={{ input: classes.mono ?? '' }}
        autosize
        minRows={1}
        maxRows={14}
        autoFocus
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            cancel();
          } else if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
            event.preventDefault();
            keep(text);
          }
        }}
      />
      <Group gap="xs">
        <Button size="xs" onClick={() => keep(text)}>
          Keep
        </Button>
        <Button size="xs" variant="default" onClick={cancel}>
          Cancel
        </Button>
        <Text size="xs" c="dimmed">
          {note ?? 'Ctrl or ⌘ with Enter keeps it, Esc restores'}
        </Text>
      </Group>
    </div>
  );
}
