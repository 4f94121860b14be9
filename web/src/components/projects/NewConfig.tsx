import { Modal, Select } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answered, api, type Schemas } from '../../api/client.ts';
import { configsQuery } from '../../api/queries.ts';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';
import { SlugInput } from './SlugInput.tsx';

interface Props {
  project: string;
  configs: Schemas['Config'][];
  /** What it is to inherit from, unless somebody chooses otherwise. */
  parent?: string | undefined;
  opened: boolean;
  close: () => void;
}

export function NewConfig({ project, opened, close, ...rest }: Props) {
  return (
    <Modal opened={opened} onClose={close} title={`New config in ${project}`}>
      <Form project={project} cancel={close} {...rest} />
    </Modal>
  );
}

type FormProps = Omit<Props, 'opened' | 'close'> & { cancel: () => void };

function Form({ project, configs, parent: suggested, cancel }: FormProps) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [slug, setSlug] = useState('');
  const [parent, setParent] = useState<string | null>(suggested ?? null);
  const making = useMutation({
    mutationFn: async () => {
      const params = { path: { project } };
      await answered(api.POST('/api/projects/{project}/configs', { params, body: { slug, parent } }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: configsQuery(project).queryKey });
      await navigate({ to: '/p/$project/c/$config', params: { project, config: slug } });
    },
  });
  return (
    <FormFrame
      action="Make config"
      submit={() => making.mutate()}
      isPending={making.isPending}
      error={making.error}
      fields={configs.length > 0 ? ['slug', 'parent'] : ['slug']}
      cancel={cancel}
    >
      <SlugInput
        placeholder={configs.length === 0 ? 'base' : 'prod'}
        error={fieldError(making.error, 'slug')}
        value={slug}
        change={setSlug}
      />
      {configs.length > 0 && (
        <Select
          label="Inherits from"
          description="It has all keys of that config, and can override each"
          placeholder="Nothing"
          clearable
          searchable
          error={fieldError(making.error, 'parent')}
          data={configs.map((config) => config.slug)}
          value={parent}
          onChange={setParent}
        />
      )}
    </FormFrame>
  );
}
