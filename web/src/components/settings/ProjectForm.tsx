import { Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answered, api, type Schemas } from '../../api/client.ts';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';

/** What a project is called, for people. Its name in addresses stays, since tokens and scripts know it by that. */
export function ProjectForm({ project }: { project: Schemas['Project'] }) {
  const queries = useQueryClient();
  const [name, setName] = useState(project.name);
  const [description, setDescription] = useState(project.description ?? '');
  const saving = useMutation({
    mutationFn: async () => {
      const params = { path: { project: project.slug } };
      const body = { name, description: description === '' ? null : description };
      await answered(api.PATCH('/api/projects/{project}', { params, body }));
    },
    onSuccess: async () => {
      notifications.show({ message: 'Project saved' });
      await queries.invalidateQueries({ queryKey: ['projects'] });
    },
  });
  return (
    <FormFrame
      action="Save"
      submit={() => saving.mutate()}
      isPending={saving.isPending}
      error={saving.error}
      fields={['name', 'description']}
      isDisabled={name === project.name && description === (project.description ?? '')}
    >
      <TextInput
        label="Name"
        description={`For people; in addresses it stays ${project.slug}`}
        error={fieldError(saving.error, 'name')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        maxLength={500}
        error={fieldError(saving.error, 'description')}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
    </FormFrame>
  );
}
