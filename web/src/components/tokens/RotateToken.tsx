import { Button, Modal, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { FormFrame } from '../../ui/FormFrame.tsx';
import { rotateToken } from './queries.ts';
import { TokenOnce } from './TokenOnce.tsx';
import { nameOf, type Token } from './words.ts';

const OVERLAPS = [
  { value: '0', label: 'no longer' },
  { value: '300', label: 'for 5 more minutes' },
  { value: '3600', label: 'for 1 more hour' },
  { value: '86400', label: 'for 24 more hours' },
];

/** A new token in the place of an old one, which works on for a while. */
export function RotateToken({ token, close }: { token: Token; close: () => void }) {
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState('300');
  const rotating = useMutation({
    mutationFn: () => rotateToken(token.token_id, Number(overlap)),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['tokens'] }),
    // Its answer is a token.
    gcTime: 0,
  });
  const name = nameOf(token);
  const chosen = OVERLAPS.find(({ value }) => value === overlap);
  return (
    <Modal opened onClose={close} title={`Rotate the token of ${name}`} closeOnClickOutside={!rotating.isSuccess} size="lg">
      {rotating.data === undefined ? (
        <FormFrame
          action="Rotate token"
          submit={() => rotating.mutate()}
          isPending={rotating.isPending}
          error={rotating.error}
          cancel={close}
        >
          <Text size="sm">
            {name} gets a new token, which may do the same in the same places and lives as long as the old one did.
          </Text>
          <Select
            label="The old one works"
            maw={260}
            allowDeselect={false}
            data={OVERLAPS}
            value={overlap}
            onChange={(value) => setOverlap(value ?? '300')}
          />
        </FormFrame>
      ) : (
        <Stack gap="md">
          <TokenOnce token={rotating.data.token} />
          <Text size="sm">The old one works {chosen?.label ?? 'no longer'}.</Text>
          <Button ml="auto" onClick={close}>
            Done
          </Button>
        </Stack>
      )}
    </Modal>
  );
}
