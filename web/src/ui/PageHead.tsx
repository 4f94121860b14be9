import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  /** A sentence about what is here. */
  about?: ReactNode;
  /** What can be done with the whole page, on its right. */
  children?: ReactNode;
}

/** How each page begins. */
export function PageHead({ title, about, children }: Props) {
  return (
    <Group justify="space-between" align="flex-start" gap="sm">
      <Stack gap={2} miw={0}>
        <Title order={1} size="h3">
          {title}
        </Title>
        {about !== undefined && (
          <Text size="sm" c="dimmed" maw={640}>
            {about}
          </Text>
        )}
      </Stack>
      {children !== undefined && <Group gap="xs">{children}</Group>}
    </Group>
  );
}
