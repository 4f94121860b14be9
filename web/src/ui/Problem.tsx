import { Alert, Button, Stack, Text } from '@mantine/core';

import { wordsFor } from '../api/client.ts';

/** What went wrong, and the way on where there is one. */
export function Problem({ title, error, retry }: { title: string; error: unknown; retry?: () => void }) {
  return (
    <Alert color="red" variant="outline" title={title} role="alert">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{wordsFor(error)}</Text>
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
