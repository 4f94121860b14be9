import { Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { Confirm } from '../../ui/Confirm.tsx';
import { revokeToken } from './queries.ts';
import { isMachine, nameOf, type Token } from './words.ts';

/** Says what ends with a token before it is revoked. */
export function RevokeToken({ token, close }: { token: Token; close: () => void }) {
  const queries = useQueryClient();
  const revoking = useMutation({
    mutationFn: () => revokeToken(token.token_id),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['tokens'] });
      close();
    },
  });
  const name = nameOf(token);
  const streams = token.openStreams;
  return (
    <Confirm
      opened
      close={close}
      title={isMachine(token) ? `Revoke the token of ${name}` : `Revoke a personal token of ${name}`}
      action="Revoke token"
      confirm={() => revoking.mutate()}
      isPending={revoking.isPending}
      error={revoking.error}
    >
      <Text size="sm">Whoever shows it is refused from then on. It cannot be taken back; a new token can be made.</Text>
      {streams > 0 && (
        <Text size="sm">
          {streams === 1 ? '1 open watch stream ends' : `${streams} open watch streams end`} with it. What was read
          already stays where it is.
        </Text>
      )}
    </Confirm>
  );
}
