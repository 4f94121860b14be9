import { Modal, Stack, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { FormFrame } from './FormFrame.tsx';

interface Props {
  opened: boolean;
  close: () => void;
  title: string;
  /** The verb on the button, such as "Revoke token". */
  action: string;
  /** What goes with it. */
  children: ReactNode;
  confirm: () => void;
  isPending: boolean;
  error: unknown;
  /** A name to type first, for what takes much else with it. */
  typed?: string;
}

/** Asks before something is taken away. */
export function Confirm({ opened, close, title, ...form }: Props) {
  return (
    <Modal opened={opened} onClose={close} title={title}>
      <Question close={close} {...form} />
    </Modal>
  );
}

function Question({ close, action, children, confirm, isPending, error, typed }: Omit<Props, 'opened' | 'title'>) {
  const [name, setName] = useState('');
  return (
    <FormFrame
      action={action}
      submit={confirm}
      isPending={isPending}
      error={error}
      cancel={close}
      destroys
      isDisabled={typed !== undefined && name !== typed}
    >
      <Stack gap="sm">{children}</Stack>
      {typed !== undefined && (
        <TextInput
          label={`Type ${typed} to go on`}
          data-autofocus
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      )}
    </FormFrame>
  );
}
