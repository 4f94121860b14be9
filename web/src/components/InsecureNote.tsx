import { Alert } from '@mantine/core';

/** Over plain HTTP beyond loopback, for which browsers have a name. */
export function InsecureNote() {
  if (window.isSecureContext) return null;
  return (
    <Alert
      color="orange"
      variant="outline"
      radius={0}
      title="This connection is not encrypted"
      styles={{ title: { color: 'var(--ssm-attention)' } }}
    >
      Whoever is on the way can read passwords and secrets. Give the server a certificate (TLS_CERT_FILE), or put it
      behind a proxy that has one.
    </Alert>
  );
}
