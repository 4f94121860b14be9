import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';

import { problemWithKey } from './drafts.ts';
import classes from './secrets.module.css';

interface Props {
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

function Form({ close, has, add }: Omit<Props, 'opened'>) {
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const submit = () => {
    const found = has(key) ? 'This config has that key already; edit it in the table' : problemWithKey(key);
    setProblem(found);
    if (found !== null) return;
    add(key, value);
    close();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Key"
          placeholder="DATABASE_URL"
          classNames={{ input: classes.mono ?? '' }}
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
        <Textarea
          label="Value"
          classNames={{ input: classes.mono ?? '' }}
          autosize
          minRows={2}
          maxRows={14}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
              event.preventDefault();
              submit();
            }
          }}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit">Add to changes</Button>
        </Group>
      </Stack>
    </form>
  );
}
