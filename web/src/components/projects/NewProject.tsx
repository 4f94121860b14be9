import { Modal, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answered, api } from '../../api/client.ts';
import { projectsQuery } from '../../api/queries.ts';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';
import { SlugInput } from './SlugInput.tsx';

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
  return (
    <FormFrame
      action="Make project"
      submit={() => making.mutate()}
      isPending={making.isPending}
      error={making.error}
      fields={['slug', 'description']}
      cancel={done}
    >
      <SlugInput placeholder="web-shop" error={fieldError(making.error, 'slug')} value={slug} change={setSlug} />
      <TextInput
        label="Description"
        placeholder="What it is for, if the name does not say"
        maxLength={500}
        error={fieldError(making.error, 'description')}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
    </FormFrame>
  );
}
