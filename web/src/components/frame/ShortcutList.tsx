import { Kbd, Modal, Stack, Table, Text } from '@mantine/core';
import { Fragment } from 'react';

import { SHORTCUTS } from '../../ui/shortcuts.ts';

export function ShortcutList({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Keyboard shortcuts" size="md">
      <Stack gap="lg">
        {SHORTCUTS.map(({ where, shortcuts }) => (
          <section key={where} aria-label={where}>
            <Text size="sm" fw={600} c="dimmed" mb={4}>
              {where}
            </Text>
            <Table verticalSpacing={6} withRowBorders={false}>
              <Table.Tbody>
                {shortcuts.map(({ keys, does }) => (
                  <Table.Tr key={does}>
                    <Table.Td pl={0}>{does}</Table.Td>
                    <Table.Td ta="right" pr={0}>
                      {keys.map((key, index) => (
                        <Fragment key={key}>
                          {index > 0 && (
                            <Text span size="xs" c="dimmed" mx={6}>
                              or
                            </Text>
                          )}
                          <Kbd>{key}</Kbd>
                        </Fragment>
                      ))}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </section>
        ))}
      </Stack>
    </Modal>
  );
}
