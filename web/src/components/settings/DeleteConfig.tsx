import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { answered, api, type Schemas } from '../../api/client.ts';
import { configsQuery } from '../../api/queries.ts';
import { inSeries } from '../../ui/actions.ts';
import { Confirm } from '../../ui/Confirm.tsx';

interface Props {
  project: string;
  config: Schemas['Config'];
  configs: Schemas['Config'][];
}

export function DeleteConfig({ project, config: { slug, ownKeys }, configs }: Props) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [isAsking, asking] = useDisclosure();
  const children = configs.filter(({ parentSlug }) => parentSlug === slug).map((child) => child.slug);
  const deleting = useMutation({
    mutationFn: async () => {
      const params = { path: { project, config: slug } };
      await answered(api.DELETE('/api/projects/{project}/configs/{config}', { params }));
    },
    onSuccess: async () => {
      await navigate({ to: '/p/$project', params: { project } });
      await queries.invalidateQueries({ queryKey: configsQuery(project).queryKey });
    },
  });
  if (children.length > 0) {
    return (
      <Text size="sm">
        {inSeries(children)} {children.length === 1 ? 'inherits' : 'inherit'} from it. Let {children.length === 1 ? 'it' : 'them'}{' '}
        inherit from another config first; then this one can be deleted.
      </Text>
    );
  }
  return (
    <>
      <Button variant="outline" color="red" style={{ alignSelf: 'flex-start' }} onClick={asking.open}>
        Delete config…
      </Button>
      <Confirm
        opened={isAsking}
        close={asking.close}
        title={`Delete the config ${slug}`}
        action="Delete config"
        typed={slug}
        confirm={() => deleting.mutate()}
        isPending={deleting.isPending}
        error={deleting.error}
      >
        <Text size="sm">
          {ownKeys === 1 ? '1 secret of its own goes' : `${ownKeys} secrets of its own go`} with it, for good. What it inherits
          stays where it is from.
        </Text>
        <Text size="sm">Tokens for this config alone open nothing any more, and what is synced from it stops.</Text>
      </Confirm>
    </>
  );
}
