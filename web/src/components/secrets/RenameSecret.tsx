import { Modal, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { FormFrame } from '../../ui/FormFrame.tsx';
import { problemWithKey, type Row } from './drafts.ts';
import words from './words.module.css';

interface Props {
  row: Row;
  close: () => void;
  /** Whether there is such a key already. */
  has: (key: string) => boolean;
  rename: (row: Row, to: string) => void;
}

export function RenameSecret({ row, close, has, rename }: Props) {
  const [to, setTo] = useState(row.key);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = () => {
    if (to === row.key) return close();
    const found = has(to) ? 'There is such a key already' : problemWithKey(to);
    setProblem(found);
    if (found !== null) return;
    rename(row, to);
    close();
  };
  return (
    <Modal opened onClose={close} title={`Rename ${row.key}`}>
      <FormFrame action="Rename" submit={submit} isPending={false} error={null} cancel={close}>
        <TextInput
          label="New key"
          classNames={{ input: words.mono ?? '' }}
          data-autofocus
          required
          withAsterisk={false}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          error={problem}
          value={to}
          onChange={(event) => setTo(event.currentTarget.value.toUpperCase())}
        />
        <Text size="sm" c="dimmed">
          The value is read once for it, which goes on record. Both the new key and the end of the old one are among
          your changes then. What refers to the old key has to be changed, too.
        </Text>
      </FormFrame>
    </Modal>
  );
}
