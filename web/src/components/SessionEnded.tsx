import { Anchor, Modal, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';

import { useSession } from '../session/session.ts';
import { SignInForm } from './SignInForm.tsx';

/** Over the page, which stays as it is with all that was typed into it. */
export function SessionEnded({ username }: { username: string }) {
  const queries = useQueryClient();
  return (
    <Modal
      opened={useSession() === 'ended'}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session has ended"
      zIndex={400}
    >
      <Stack gap="md">
        <Text size="sm">Sign in to go on. What you typed is still there.</Text>
        <SignInForm username={username} done={() => void queries.invalidateQueries()} />
        <Text size="sm" c="dimmed">
          Somebody else? <Anchor href="/">Leave this page</Anchor>; what is not saved is lost then.
        </Text>
      </Stack>
    </Modal>
  );
}
