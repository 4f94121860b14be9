import { Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Where there is nothing yet: what would be here, in a sentence, and the ways to get it. */
export function Empty({ text, children }: { text: ReactNode; children?: ReactNode }) {
  return (
    <Stack gap="md" align="flex-start" maw={560} py="lg">
      <Text>{text}</Text>
      {children !== undefined && <Group gap="xs">{children}</Group>}
    </Stack>
  );
}
