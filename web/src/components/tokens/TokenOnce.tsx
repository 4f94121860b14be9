import { Stack, Text } from '@mantine/core';

import { CopyButton } from '../../ui/CopyButton.tsx';
import classes from './tokens.module.css';

/** A new token, for as long as this is looked at and never again. */
export function TokenOnce({ token }: { token: string }) {
  return (
    <Stack gap="xs">
      <div className={classes.once}>
        <code className={classes.token} aria-label="The token">
          {token}
        </code>
        <CopyButton text={token} what="the token" />
      </div>
      <Text size="sm" c="var(--ssm-attention)">
        It is shown this once. Copy it to where it is needed; a lost one is replaced, not found again.
      </Text>
    </Stack>
  );
}
