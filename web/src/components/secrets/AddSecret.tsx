import { Modal, TextInput } from '@mantine/core';
import { useState } from 'react';

import { FormFrame } from '../../ui/FormFrame.tsx';
import { problemWithKey, problemWithValue } from './drafts.ts';
import type { Place } from './references.ts';
import words from './words.module.css';
import { ValueField } from './ValueField.tsx';

interface Props {
  place: Place;
  opened: boolean;
  close: () => void;
  /** Whether the config has such a key of its own already. */
  has: (key: string) => boolean;
  add: (key: string, value: string) => void;
}

export function AddSecret({ opened, close, ...rest }: Props) {
  return (
    <Modal opened={opened} onClose={close} title="Add a secret" size="lg">
      <Form close={close} {...rest} />
    </Modal>
  );
}

function Form({ place, close, has, add }: Omit<Props, 'opened'>) {
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const submit = () => {
    const found = has(key) ? 'This config has that key already; edit it in the table' : problemWithKey(key);
    setProblem(found);
    if (found !== null || problemWithValue(value) !== null) return;
    add(key, value);
    close();
  };
  return (
    <FormFrame action="Add to changes" submit={submit} isPending={false} error={null} cancel={close}>
      <TextInput
        label="Key"
        placeholder="DATABASE_URL"
        classNames={{ input: words.mono ?? '' }}
        data-autofocus
        required
        withAsterisk={false}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        error={problem}
        value={key}
        onChange={(event) => setKey(event.currentTarget.value.toUpperCase())}
      />
      <ValueField label="Value" place={place} minRows={2} text={value} setText={setValue} accept={submit} />
    </FormFrame>
  );
}
