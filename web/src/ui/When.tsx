import { ago, until } from './when.ts';

/** A time as people say it, with the exact one on hover. One that is yet to come is said so only where it is `ahead`. */
export function When({ at, ahead = false }: { at: string; ahead?: boolean }) {
  const then = new Date(at);
  return (
    <time dateTime={at} title={then.toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'long' })}>
      {(ahead ? until : ago)(then, new Date())}
    </time>
  );
}
