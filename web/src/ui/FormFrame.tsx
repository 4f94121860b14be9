import { Button, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { Refusal, wordsFor } from '../api/client.ts';

interface Props {
  /** What the button does, as a verb. */
  action: string;
  submit: () => void;
  isPending: boolean;
  /** Why the last try failed. Fields show what is said of them; the rest stands above the buttons. */
  error: unknown;
  /** The fields that show their own errors. */
  fields?: string[];
  cancel?: () => void;
  /** Whether it takes something away that does not come back. */
  destroys?: boolean;
  isDisabled?: boolean;
  children?: ReactNode;
}

/** A form with its buttons, and the server's refusal where no field tells it. */
export function FormFrame(props: Props) {
  const { action, submit, isPending, error, fields = [], cancel, destroys = false, isDisabled = false, children } = props;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="md">
        {children}
        {error != null && !isToldBy(fields, error) && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {wordsFor(error)}
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          {cancel && (
            <Button variant="default" onClick={cancel}>
              Cancel
            </Button>
          )}
          <Button type="submit" loading={isPending} disabled={isDisabled} {...(destroys ? { color: 'red' } : {})}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** What the server says of one field. */
export function fieldError(error: unknown, field: string): string | undefined {
  return error instanceof Refusal ? error.fields[field] : undefined;
}

function isToldBy(fields: string[], error: unknown): boolean {
  const told = error instanceof Refusal ? Object.keys(error.fields) : [];
  return told.length > 0 && told.every((field) => fields.includes(field));
}
