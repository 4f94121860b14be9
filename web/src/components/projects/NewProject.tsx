import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answered, api, Refusal, wordsFor } from '../../api/client.ts';
import { projectsQuery } from '../../api/queries.ts';

interface Props {
  opened: boolean;
  close: () => void;
}

export function NewProject({ opened, close }: Props) {
  return (
    <Modal opened={opened} onClose={close} title="New project">
      <Form done={close} />
    </Modal>
  );
}

function Form({ done }: { done: () => void }) {
  const queries = useQueryClient();
  const [slug, setSlug] = useState('');
  const [description, setDescription] = useState('');
  const making = useMutation({
    mutationFn: async () => {
      const body = description === '' ? { slug } : { slug, description };
      await answered(api.POST('/api/projects', { body }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: projectsQuery.queryKey });
      done();
    },
  });
  const fields = making.error instanceof Refusal ? making.error.fields : {};
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        making.mutate();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Name in addresses"
          description="Small letters, digits, - and _"
          placeholder="web-shop"
          data-autofocus
          required
          withAsterisk={false}
          maxLength={64}
          autoCapitalize="none"
          spellCheck={false}
          error={fields.slug}
          value={slug}
          onChange={(event) => setSlug(event.currentTarget.value)}
        />
        <TextInput
          label="Description"
          placeholder="What it is for, if the name does not say"
          maxLength={500}
          error={fields.description}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        {making.isError && Object.keys(fields).length === 0 && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {wordsFor(making.error)}
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={done}>
            Cancel
          </Button>
          <Button type="submit" loading={making.isPending}>
            Make project
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
