import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answered, api, Refusal, type Schemas, wordsFor } from '../../api/client.ts';
import { configsQuery } from '../../api/queries.ts';

interface Props {
  project: string;
  configs: Schemas['Config'][];
  opened: boolean;
  close: () => void;
}

export function NewConfig({ project, configs, opened, close }: Props) {
  return (
    <Modal opened={opened} onClose={close} title={`New config in ${project}`}>
      <Form project={project} configs={configs} cancel={close} />
    </Modal>
  );
}

function Form({ project, configs, cancel }: Pick<Props, 'project' | 'configs'> & { cancel: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [slug, setSlug] = useState('');
  const [parent, setParent] = useState<string | null>(null);
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
          placeholder={configs.length === 0 ? 'base' : 'prod'}
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
        {configs.length > 0 && (
          <Select
            label="Inherits from"
            description="It has all keys of that config, and can override each"
            placeholder="Nothing"
            clearable
            searchable
            error={fields.parent}
            data={configs.map((config) => config.slug)}
            value={parent}
            onChange={setParent}
          />
        )}
        {making.isError && Object.keys(fields).length === 0 && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {wordsFor(making.error)}
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={cancel}>
            Cancel
          </Button>
          <Button type="submit" loading={making.isPending}>
            Make config
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
