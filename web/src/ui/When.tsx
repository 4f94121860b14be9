import { ago } from './when.ts';

/** A time as people say it, with the exact one on hover. */
export function When({ at }: { at: string }) {
  const then = new Date(at);
  return (
    <time dateTime={at} title={then.toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'long' })}>
      {ago(then, new Date())}
    </time>
  );
}
