import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import type { Action } from '../../api/permissions.ts';
import { configsQuery } from '../../api/queries.ts';
import { PageHead } from '../../ui/PageHead.tsx';
import { When } from '../../ui/When.tsx';
import { inTree } from '../projects/tree.ts';
import type { Issued } from './queries.ts';
import { Snippets } from './Snippets.tsx';
import { TokenOnce } from './TokenOnce.tsx';
import type { Place } from './wish.ts';

export interface Made {
  issued: Issued;
  name: string;
  actions: readonly Action[];
  places: readonly Place[];
}

/** A token that was just made, and what to do with it. It goes with this page, and is kept nowhere. */
export function MadeToken({ issued, name, actions, places, again }: Made & { again: () => void }) {
  const place = places.find(({ project }) => project !== null);
  const project = place?.project ?? undefined;
  const configs = useQuery({ ...configsQuery(project ?? ''), enabled: project !== undefined && place?.config === null });
  // Where it is good for all configs, the last one of the tree stands for them: it is the one that is used.
  const config = place?.config ?? inTree(configs.data ?? []).at(-1)?.config.slug;
  return (
    <Stack gap="xl" maw={820}>
      <Stack gap="md">
        <PageHead
          title={`The token of ${name}`}
          about={
            issued.expiresAt === null ? (
              'It works until somebody revokes it.'
            ) : (
              <>
                It ends <When at={issued.expiresAt} ahead />.
              </>
            )
          }
        />
        <TokenOnce token={issued.token} />
      </Stack>
      <Stack gap="sm">
        <Title order={2} size="h5">
          Use it
        </Title>
        <Snippets server={window.location.origin} name={name} actions={actions} project={project} config={config} />
      </Stack>
      <Group gap="md">
        <Button component={Link} to="/tokens">
          Done
        </Button>
        <Anchor component="button" type="button" size="sm" onClick={again}>
          Make another one
        </Anchor>
        <Text size="sm" c="dimmed">
          The token is gone from this page then.
        </Text>
      </Group>
    </Stack>
  );
}
