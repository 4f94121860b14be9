import { PasswordInput, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answered, api } from '../../api/client.ts';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';

export function ChangePassword({ username }: { username: string }) {
  const queries = useQueryClient();
  const [currentPassword, setCurrent] = useState('');
  const [newPassword, setNew] = useState('');
  const changing = useMutation({
    mutationFn: () => answered(api.POST('/api/me/password', { body: { currentPassword, newPassword } })),
    onSuccess: async () => {
      setCurrent('');
      setNew('');
      notifications.show({ message: 'Your password is changed, and your other sessions have ended' });
      await queries.invalidateQueries({ queryKey: ['tokens'] });
    },
    gcTime: 0,
  });
  return (
    <FormFrame
      action="Change password"
      submit={() => changing.mutate()}
      isPending={changing.isPending}
      error={changing.error}
      fields={['currentPassword', 'newPassword']}
    >
      <Text size="sm" c="dimmed">
        All your other sessions and your personal tokens end with it. This session goes on, and so do tokens of machines.
      </Text>
      {/* For those who keep passwords. */}
      <input type="text" autoComplete="username" value={username} readOnly hidden />
      <PasswordInput
        label="Current password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        error={fieldError(changing.error, 'currentPassword')}
        value={currentPassword}
        onChange={(event) => setCurrent(event.currentTarget.value)}
      />
      <PasswordInput
        label="New password"
        description="12 characters or more, of any kind"
        autoComplete="new-password"
        required
        withAsterisk={false}
        minLength={12}
        error={fieldError(changing.error, 'newPassword')}
        value={newPassword}
        onChange={(event) => setNew(event.currentTarget.value)}
      />
    </FormFrame>
  );
}
