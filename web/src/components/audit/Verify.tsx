import { Alert, Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { verify } from '../../api/audit.ts';
import type { Schemas } from '../../api/client.ts';
import { CopyButton } from '../../ui/CopyButton.tsx';
import { Problem } from '../../ui/Problem.tsx';
import classes from './audit.module.css';
import { failureOf, lookedAt } from './verified.ts';

/** Looks whether the record is as it was written, and says so in words. */
export function Verify() {
  const [isOpened, setIsOpened] = useState(false);
  const verifying = useMutation({ mutationFn: verify });
  return (
    <>
      <Button
        variant="default"
        loading={verifying.isPending}
        onClick={() => verifying.mutate(undefined, { onSettled: () => setIsOpened(true) })}
      >
        Verify
      </Button>
      <Modal opened={isOpened} onClose={() => setIsOpened(false)} title="The record" size="lg">
        {verifying.isError && <Problem title="It could not be verified" error={verifying.error} retry={() => verifying.mutate()} />}
        {verifying.data && <Result result={verifying.data} />}
      </Modal>
    </>
  );
}

function Result({ result }: { result: Schemas['AuditVerification'] }) {
  const { head } = result;
  return (
    <Stack gap="md">
      {result.ok ? (
        <Text size="sm" role="status">
          All is as it was written. {lookedAt(result)}
        </Text>
      ) : (
        <Alert color="red" variant="outline" title="Not all is as it was written" role="alert">
          <Text size="sm">
            {failureOf(result)} {lookedAt(result)} Keep a copy of the data as it is, and look at it with{' '}
            <Code>ssm-server audit verify</Code>.
          </Text>
        </Alert>
      )}
      <div>
        <Text size="sm" c="dimmed">
          Its end is entry {head.seq}, with the hash
        </Text>
        <Group gap="xs" wrap="nowrap">
          <Code className={classes.hash ?? ''}>{head.hash}</Code>
          <CopyButton text={head.hash} what="hash" />
        </Group>
      </div>
      <Text size="sm" c="dimmed">
        Each entry holds the hash of the one before it, and the end is signed. A hash that you keep elsewhere tells later that nothing
        before it was changed or taken away.
      </Text>
    </Stack>
  );
}
