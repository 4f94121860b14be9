import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { answered, api } from '../../api/client.ts';
import { configsQuery } from '../../api/queries.ts';
import { Confirm } from '../../ui/Confirm.tsx';

export function DeleteProject({ project }: { project: string }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [isAsking, asking] = useDisclosure();
  const configs = useQuery(configsQuery(project)).data ?? [];
  const keys = configs.reduce((sum, config) => sum + config.ownKeys, 0);
  const deleting = useMutation({
    mutationFn: async () => {
      const params = { path: { project }, query: { confirm: project } };
      await answered(api.DELETE('/api/projects/{project}', { params }));
    },
    onSuccess: async () => {
      await navigate({ to: '/' });
      await queries.invalidateQueries({ queryKey: ['projects'] });
    },
  });
  return (
    <>
      <Button variant="outline" color="red" style={{ alignSelf: 'flex-start' }} onClick={asking.open}>
        Delete project…
      </Button>
      <Confirm
        opened={isAsking}
        close={asking.close}
        title={`Delete the project ${project}`}
        action="Delete project"
        typed={project}
        confirm={() => deleting.mutate()}
        isPending={deleting.isPending}
        error={deleting.error}
      >
        <Text size="sm">
          {counted(configs.length, 'config')} with {counted(keys, 'secret')} go with it, and so do their history and the keys
          that they are sealed with: nobody can read them again, not from this database.
        </Text>
        <Text size="sm">Tokens for this project alone are revoked. What was done stays on record.</Text>
      </Confirm>
    </>
  );
}

const counted = (count: number, what: string) => (count === 1 ? `1 ${what}` : `${count} ${what}s`);
