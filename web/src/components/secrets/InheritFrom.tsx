import { Modal, Select } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answered, api } from '../../api/client.ts';
import { configsQuery } from '../../api/queries.ts';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';
import type { Place } from './references.ts';

/** Gives a config all keys of another one. */
export function InheritFrom({ place: { project, config }, close }: { place: Place; close: () => void }) {
  const queries = useQueryClient();
  const others = useQuery(configsQuery(project)).data?.filter(({ slug }) => slug !== config) ?? [];
  const [from, setFrom] = useState<string | null>(null);
  const inheriting = useMutation({
    mutationFn: async () => {
      const params = { path: { project, config } };
      await answered(api.PATCH('/api/projects/{project}/configs/{config}', { params, body: { inherits_from: from } }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: configsQuery(project).queryKey });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title={`Let ${config} inherit`}>
      <FormFrame
        action="Inherit"
        submit={() => inheriting.mutate()}
        isPending={inheriting.isPending}
        isDisabled={from === null}
        error={inheriting.error}
        fields={['inherits_from']}
        cancel={close}
      >
        <Select
          label="Inherits from"
          description="It has all keys of that config, and can override each"
          data-autofocus
          searchable
          error={fieldError(inheriting.error, 'inherits_from')}
          data={others.map(({ slug }) => slug)}
          value={from}
          onChange={setFrom}
        />
      </FormFrame>
    </Modal>
  );
}
