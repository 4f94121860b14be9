import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { Refusal, wordsFor } from '../api/client.ts';
import { makeOwner } from '../session/requests.ts';

export function FirstOwnerForm({ done }: { done: () => void }) {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [setupToken, setSetupToken] = useState('');
  const [asksForToken, setAsksForToken] = useState(false);
  const making = useMutation({
    mutationFn: () => makeOwner(username, password, setupToken),
    onSuccess: done,
    onError: (error) => {
      if (error instanceof Refusal && error.code === 'setup_token_required') setAsksForToken(true);
    },
    gcTime: 0,
  });
  const refusal = making.error instanceof Refusal ? making.error : null;
  const wrongToken = refusal?.code === 'setup_token_required';
  const told = wrongToken || refusal?.fields.username !== undefined || refusal?.fields.password !== undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        making.mutate();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          withAsterisk={false}
          error={refusal?.fields.username}
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          description="12 characters or more, of any kind"
          autoComplete="new-password"
          required
          withAsterisk={false}
          minLength={12}
          error={refusal?.fields.password}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {asksForToken && (
          <TextInput
            label="Setup token"
            description="The server wrote it into its log when it started"
            autoComplete="off"
            spellCheck={false}
            required
            withAsterisk={false}
            error={wrongToken && setupToken !== '' ? 'This is not the token in the log' : undefined}
            value={setupToken}
            onChange={(event) => setSetupToken(event.currentTarget.value)}
          />
        )}
        {making.isError && !told && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {wordsFor(making.error)}
          </Text>
        )}
        <Button type="submit" loading={making.isPending}>
          Make the owner
        </Button>
      </Stack>
    </form>
  );
}
