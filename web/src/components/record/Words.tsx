import { UnstyledButton } from '@mantine/core';

import type { Word } from './changes.ts';
import classes from './record.module.css';

interface Props {
  words: Word[];
  /** Where a key leads. */
  pick?: (key: string) => void;
}

/** A sentence in which keys look like keys. */
export function Words({ words, pick }: Props) {
  return words.map((word, index) => {
    if (typeof word === 'string') return word;
    if (pick === undefined) {
      return (
        <code key={index} className={classes.key}>
          {word.key}
        </code>
      );
    }
    return (
      <UnstyledButton key={index} className={classes.pick} onClick={() => pick(word.key)} title={`Only ${word.key}`}>
        {word.key}
      </UnstyledButton>
    );
  });
}
