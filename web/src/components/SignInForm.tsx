import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { Refusal, wordsFor } from '../api/client.ts';
import { signIn } from '../session/requests.ts';

interface Props {
  done: () => void;
  /** Whose session ended; nobody else can go on in their page. */
  username?: string;
}

export function SignInForm({ done, username: fixed }: Props) {
  const [username, setUsername] = useState(fixed ?? '');
  const [password, setPassword] = useState('');
  const signingIn = useMutation({
    mutationFn: () => signIn(username, password),
    onSuccess: done,
    gcTime: 0,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        signingIn.mutate();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          withAsterisk={false}
          readOnly={fixed !== undefined}
          data-autofocus={fixed === undefined ? true : undefined}
          autoFocus={fixed === undefined}
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          data-autofocus={fixed !== undefined ? true : undefined}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {signingIn.isError && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {wordsForSignIn(signingIn.error)}
          </Text>
        )}
        <Button type="submit" loading={signingIn.isPending}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}

function wordsForSignIn(error: unknown): string {
  if (error instanceof Refusal && error.status === 401) return 'Username or password is not right.';
  return wordsFor(error);
}
