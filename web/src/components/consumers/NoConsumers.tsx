import { Button, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import type { Place } from '../../api/history.ts';
import { useMay } from '../../api/permissions.ts';
import { kubernetesFor } from '../tokens/snippets.ts';
import { SnippetText } from '../tokens/Snippets.tsx';

/** Nobody keeps the config elsewhere: how a cluster would. */
export function NoConsumers({ place }: { place: Place }) {
  const { project, config } = place;
  const mayMakeTokens = useMay(project)('tokens:write');
  const snippet = kubernetesFor({ server: window.location.origin, name: `${project}-${config}` }, project, config);
  return (
    <Stack gap="md" align="flex-start" maw={820} py="lg">
      <Text maw={640}>
        Nobody has reported to keep this config elsewhere. The operator does so for each SecretSync: make one, with a token that reads
        the config, and it appears here.
      </Text>
      {mayMakeTokens && (
        <Button renderRoot={(props) => <Link to="/tokens/new" search={{ project, config }} {...props} />}>Make a token that reads it</Button>
      )}
      <Stack w="100%">
        <SnippetText {...snippet} />
      </Stack>
    </Stack>
  );
}
