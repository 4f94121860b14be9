import type { Schemas } from '../../api/client.ts';

type Verification = Schemas['AuditVerification'];

/** What was verified, in words. */
export function lookedAt({ entries, accessRecords }: Verification): string {
  const changes = `${many(entries)} ${entries === 1 ? 'entry' : 'entries'} with their values and signatures`;
  if (accessRecords == null) return `Looked at ${changes}.`;
  return `Looked at ${changes}, and at ${many(accessRecords)} ${accessRecords === 1 ? 'record' : 'records'} of reads and refusals.`;
}

/** What is wrong, in words. */
export function failureOf({ bad, firstBad }: Verification): string {
  if (firstBad == null) return 'Something is wrong with it.';
  const first = `${firstBad.name} ${firstBad.why}`;
  // Counting ends there.
  const rest = bad >= 100 ? ' At least 100 things are not as they should be; this is the first.' : bad > 1 ? ` This is the first of ${bad}.` : '';
  return `${first.charAt(0).toUpperCase()}${first.slice(1)}.${rest}`;
}

const many = (number: number) => number.toLocaleString('en-GB');
