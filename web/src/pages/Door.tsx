import { Box, Center, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';

import { meQuery, onboardingQuery } from '../api/queries.ts';
import { FirstOwnerForm } from '../components/FirstOwnerForm.tsx';
import { InsecureNote } from '../components/InsecureNote.tsx';
import { SignInForm } from '../components/SignInForm.tsx';
import { Problem } from '../ui/Problem.tsx';

/** For whoever is not signed in: the first one of all makes the owner, everybody else signs in. */
export function Door() {
  const onboarding = useQuery(onboardingQuery);
  const queries = useQueryClient();
  const enter = () => void queries.invalidateQueries({ queryKey: meQuery.queryKey });
  if (onboarding.isPending) return null;
  const isFirst = onboarding.data?.isInitialized === false;
  return (
    <Center component="main" mih="100vh" p="md">
      <Box w="100%" maw={400}>
        <Text size="sm" fw={600} c="dimmed" mb="xs">
          Simple Secrets Manager
        </Text>
        <Paper withBorder p={{ base: 'md', xs: 'xl' }} radius="lg">
          <Stack gap="md">
            <InsecureNote />
            <Stack gap={4}>
              <Title order={1} size="h3">
                {isFirst ? 'Make the owner' : 'Sign in'}
              </Title>
              {isFirst && (
                <Text size="sm" c="dimmed">
                  Nobody is here yet. The first user owns this server and can let in others.
                </Text>
              )}
            </Stack>
            {onboarding.isError ? (
              <Problem title="The server does not answer" error={onboarding.error} retry={() => void onboarding.refetch()} />
            ) : isFirst ? (
              <FirstOwnerForm done={enter} />
            ) : (
              <SignInForm done={enter} />
            )}
          </Stack>
        </Paper>
      </Box>
    </Center>
  );
}
