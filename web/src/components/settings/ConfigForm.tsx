import { Select, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answered, api, type Schemas } from '../../api/client.ts';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';
import { descendantsOf } from '../projects/tree.ts';
import { inTree } from '../projects/tree.ts';

interface Props {
  project: string;
  config: Schemas['Config'];
  configs: Schemas['Config'][];
}

/** What a config is called, and what it inherits from. */
export function ConfigForm({ project, config, configs }: Props) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [slug, setSlug] = useState(config.slug);
  const [name, setName] = useState(config.name);
  const [parent, setParent] = useState<string | null>(config.parentSlug ?? null);
  const saving = useMutation({
    mutationFn: async () => {
      const params = { path: { project, config: config.slug } };
      const body = {
        slug,
        name,
        // Where it stays, no right to read the parent is needed.
        ...(parent === (config.parentSlug ?? null) ? {} : { inherits_from: parent }),
      };
      await answered(api.PATCH('/api/projects/{project}/configs/{config}', { params, body }));
    },
    onSuccess: async () => {
      notifications.show({ message: 'Config saved' });
      if (slug !== config.slug) {
        await navigate({ to: '/p/$project/c/$config/settings', params: { project, config: slug }, replace: true });
      }
      await queries.invalidateQueries({ queryKey: ['projects', project] });
    },
  });
  const below = new Set(descendantsOf(config.slug, configs));
  const possible = inTree(configs)
    .map((line) => line.config.slug)
    .filter((other) => other !== config.slug && !below.has(other));
  const isKnown = parent === null || possible.includes(parent);
  const isSame = slug === config.slug && name === config.name && parent === (config.parentSlug ?? null);
  return (
    <FormFrame
      action="Save"
      submit={() => saving.mutate()}
      isPending={saving.isPending}
      error={saving.error}
      fields={['slug', 'name', 'inherits_from']}
      isDisabled={isSame}
    >
      <TextInput
        label="Name in addresses"
        description="Scripts that read it by the old name find nothing any more; tokens and history go along"
        required
        withAsterisk={false}
        maxLength={64}
        autoCapitalize="none"
        spellCheck={false}
        error={fieldError(saving.error, 'slug')}
        value={slug}
        onChange={(event) => setSlug(event.currentTarget.value)}
      />
      <TextInput
        label="Name"
        error={fieldError(saving.error, 'name')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label="Inherits from"
        description="It has all keys of that config, and can override each"
        placeholder="Nothing"
        clearable
        searchable
        error={fieldError(saving.error, 'inherits_from')}
        data={isKnown ? possible : [parent, ...possible]}
        value={parent}
        onChange={setParent}
      />
    </FormFrame>
  );
}
