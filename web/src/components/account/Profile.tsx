import { TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answered, api, type Schemas } from '../../api/client.ts';
import { meQuery } from '../../api/queries.ts';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';

/** What others see of me beside my username. */
export function Profile({ me }: { me: Schemas['Me'] }) {
  const queries = useQueryClient();
  const [fullName, setFullName] = useState(me.fullName ?? '');
  const [email, setEmail] = useState(me.email ?? '');
  const saving = useMutation({
    mutationFn: async () => (await answered(api.PATCH('/api/me', { body: { fullName, email } }))).data,
    onSuccess: (data) => {
      queries.setQueryData(meQuery.queryKey, data);
      notifications.show({ message: 'Your profile is saved' });
    },
  });
  return (
    <FormFrame
      action="Save profile"
      submit={() => saving.mutate()}
      isPending={saving.isPending}
      error={saving.error}
      fields={['fullName', 'email']}
      isDisabled={fullName === (me.fullName ?? '') && email === (me.email ?? '')}
    >
      <TextInput
        label="Full name"
        autoComplete="name"
        error={fieldError(saving.error, 'fullName')}
        value={fullName}
        onChange={(event) => setFullName(event.currentTarget.value)}
      />
      <TextInput
        label="E-mail"
        description="For people to write to you; the server sends none"
        type="email"
        autoComplete="email"
        error={fieldError(saving.error, 'email')}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
    </FormFrame>
  );
}
