import type { Follower, LiveEvent, Stale } from './events.ts';
import { openStream } from './stream.ts';

const NAME = 'ssm-live';

/** What tabs say to each other: an event of the stream, or that one has just been opened and knows nothing. */
type Message = LiveEvent | { kind: 'asks' };

/**
 * One stream for all tabs of a browser: the tab that holds the lock has it and passes on what it hears; when that tab
 * is closed, the next one has it. Browsers lock nothing over plain HTTP beyond loopback: there, each tab has its own.
 */
export function followShared(follower: Follower, changed: (stale: Stale) => void): () => void {
  const channel = new BroadcastChannel(NAME);
  const ending = new AbortController();
  let isLeading = false;

  const take = (event: LiveEvent) => changed(follower.take(event));
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind !== 'asks') take(data);
    else if (isLeading) follower.replay().forEach((event) => channel.postMessage(event));
  };
  const lead = () =>
    new Promise<void>((done) => {
      isLeading = true;
      const close = openStream((event) => {
        take(event);
        channel.postMessage(event);
      });
      ending.signal.addEventListener('abort', () => {
        close();
        done();
      });
    });

  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) {
    channel.onmessage = null;
    void lead();
  } else {
    channel.postMessage({ kind: 'asks' } satisfies Message);
    // Refused when the page ends before its turn comes.
    locks.request(NAME, { signal: ending.signal }, lead).catch(() => undefined);
  }
  return () => {
    ending.abort();
    channel.close();
  };
}
