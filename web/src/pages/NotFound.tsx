import { Anchor, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';

export function NotFound() {
  return (
    <Stack gap="xs">
      <Title order={1} size="h3">
        There is nothing at this address
      </Title>
      <Text c="dimmed">It may have been renamed or deleted since.</Text>
      <Anchor component={Link} to="/">
        All projects
      </Anchor>
    </Stack>
  );
}
