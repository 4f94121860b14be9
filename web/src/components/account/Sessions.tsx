import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { Confirm } from '../../ui/Confirm.tsx';
import { When } from '../../ui/When.tsx';
import { revokeToken } from '../tokens/queries.ts';
import type { Token } from '../tokens/words.ts';
import classes from './account.module.css';

/** Where I am signed in. */
export function Sessions({ sessions }: { sessions: Token[] }) {
  const queries = useQueryClient();
  const [ending, setEnding] = useState<Token[] | null>(null);
  const others = sessions.filter(({ current }) => !current);
  const revoking = useMutation({
    mutationFn: async (which: Token[]) => {
      for (const { token_id } of which) await revokeToken(token_id);
    },
    onSuccess: () => setEnding(null),
    // Also where it stopped half way.
    onSettled: () => queries.invalidateQueries({ queryKey: ['tokens'] }),
  });
  const close = () => {
    revoking.reset();
    setEnding(null);
  };
  return (
    <Stack gap="sm">
      <Confirm
        opened={ending !== null}
        close={close}
        title={ending?.length === 1 ? 'Sign out of that session' : 'Sign out of the other sessions'}
        action="Sign out"
        confirm={() => ending !== null && revoking.mutate(ending)}
        isPending={revoking.isPending}
        error={revoking.error}
      >
        <Text size="sm">Whoever is in there has to sign in again. What they typed and did not save is still in their page.</Text>
      </Confirm>
      <ul className={classes.list} aria-label="Sessions">
        {sessions.map((session) => (
          <li key={session.token_id} className={classes.item}>
            <div>
              <Group gap="xs">
                <Text size="sm" fw={600}>
                  {session.purpose === 'console' ? 'Console' : 'API'}
                </Text>
                {session.current && (
                  <Badge size="sm" variant="light" tt="none" fw={500}>
                    this one
                  </Badge>
                )}
              </Group>
              <Text size="sm" c="dimmed">
                Signed in <When at={session.created_at} />
                {session.last_used_at != null && (
                  <>
                    , used <When at={session.last_used_at} />
                  </>
                )}
              </Text>
            </div>
            {!session.current && (
              <Button size="xs" variant="default" onClick={() => setEnding([session])}>
                Sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
      {others.length > 1 && (
        <Button variant="default" w="fit-content" onClick={() => setEnding(others)}>
          Sign out of all {others.length} others
        </Button>
      )}
    </Stack>
  );
}
