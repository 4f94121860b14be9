import { Button, SegmentedControl, Skeleton, Stack, Switch, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';

import { meQuery } from '../api/queries.ts';
import { tokensQuery } from '../components/tokens/queries.ts';
import { TokensTable } from '../components/tokens/TokensTable.tsx';
import classes from '../components/tokens/tokens.module.css';
import { isShown, type TokenFilter } from '../components/tokens/words.ts';
import { Empty } from '../ui/Empty.tsx';
import { PlusIcon } from '../ui/icons.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { Problem } from '../ui/Problem.tsx';
import { useTitle } from '../ui/useTitle.ts';

export function Tokens() {
  useTitle('Tokens');
  const { show = 'all', revoked = false } = useSearch({ from: '/tokens' });
  const navigate = useNavigate();
  const username = useQuery(meQuery).data?.username ?? '';
  const tokens = useQuery(tokensQuery(revoked));
  const kept = tokens.data?.filter((token) => isShown(token, 'all', username));
  const shown = kept?.filter((token) => isShown(token, show, username)).reverse();
  return (
    <Stack gap="lg">
      <PageHead title="Tokens" about="What machines and scripts show to get in. Each may do what it says, and nothing else.">
        <Button component={Link} to="/tokens/new" leftSection={<PlusIcon />}>
          New token
        </Button>
      </PageHead>
      <div className={classes.filters}>
        <SegmentedControl<TokenFilter>
          aria-label="Whose"
          size="xs"
          data={[
            { value: 'all', label: 'All' },
            { value: 'machines', label: 'Machines' },
            { value: 'mine', label: 'Mine' },
          ]}
          value={show}
          onChange={(next) =>
            void navigate({ to: '/tokens', search: (old) => ({ ...old, show: next === 'all' ? undefined : next }) })
          }
        />
        <Switch
          size="xs"
          label="Revoked ones, too"
          checked={revoked}
          onChange={(event) => {
            const next = event.currentTarget.checked || undefined;
            void navigate({ to: '/tokens', search: (old) => ({ ...old, revoked: next }) });
          }}
        />
      </div>
      {tokens.isPending && <Skeleton height={160} />}
      {tokens.isLoadingError && (
        <Problem title="The tokens are not to be had" error={tokens.error} retry={() => void tokens.refetch()} />
      )}
      {kept?.length === 0 && (
        <Empty text="No tokens yet. A machine gets one of its own, for one config, so that it can be taken away from it alone." />
      )}
      {kept !== undefined && kept.length > 0 && shown?.length === 0 && (
        <Text c="dimmed" py="lg">
          No token is like that.
        </Text>
      )}
      {shown !== undefined && shown.length > 0 && <TokensTable tokens={shown} username={username} />}
    </Stack>
  );
}
