import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';

import { changes, type Drafts } from './drafts.ts';

/** How long something can be taken back from where it is told. */
const UNDO_MS = 10_000;

/** Tells what was done, with a way back. */
export function tellUndoable(what: string, undo: () => void) {
  const id = notifications.show({
    autoClose: UNDO_MS,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{what}</Text>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            notifications.hide(id);
            undo();
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}

export function tellDiscarded(drafts: Drafts, restore: (drafts: Drafts) => void) {
  tellUndoable(`${changes(drafts.size)} discarded`, () => restore(drafts));
}
