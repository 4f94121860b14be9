import { Button, Modal, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answered, api } from '../../api/client.ts';
import { configsQuery } from '../../api/queries.ts';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';
import { SlugInput } from '../projects/SlugInput.tsx';

interface Props {
  project: string;
  config: string;
}

export function CloneConfig({ project, config }: Props) {
  const [isOpen, dialog] = useDisclosure();
  return (
    <>
      <Button variant="default" style={{ alignSelf: 'flex-start' }} onClick={dialog.open}>
        Clone config…
      </Button>
      <Modal opened={isOpen} onClose={dialog.close} title={`Clone ${config}`}>
        <Form project={project} config={config} close={dialog.close} />
      </Modal>
    </>
  );
}

function Form({ project, config, close }: Props & { close: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [slug, setSlug] = useState(`${config}-copy`);
  const cloning = useMutation({
    mutationFn: async () => {
      const params = { path: { project, config } };
      await answered(api.POST('/api/projects/{project}/configs/{config}/clone', { params, body: { slug } }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: configsQuery(project).queryKey });
      await navigate({ to: '/p/$project/c/$config', params: { project, config: slug } });
    },
  });
  return (
    <FormFrame
      action="Clone config"
      submit={() => cloning.mutate()}
      isPending={cloning.isPending}
      error={cloning.error}
      fields={['slug']}
      cancel={close}
    >
      <Text size="sm">The new config inherits from the same one, and has the same secrets of its own, as they are now.</Text>
      <SlugInput placeholder="prod" error={fieldError(cloning.error, 'slug')} value={slug} change={setSlug} />
    </FormFrame>
  );
}
