import type { LiveEvent } from './events.ts';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;

/**
 * Keeps one stream of `/api/watch` open until it is told to stop. The browser's own retries end for good at the first
 * answer that is an error, so that they are made here.
 */
export function openStream(tell: (event: LiveEvent) => void): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let failures = 0;

  const open = () => {
    source = new EventSource('/api/watch');
    const on = (name: string, take: (data: Record<string, unknown>) => void) => {
      source?.addEventListener(name, (event: MessageEvent<string>) => take(JSON.parse(event.data || '{}')));
    };
    on('revision', ({ project, config, revision }) => {
      tell({ kind: 'revision', project: String(project), config: String(config), revision: Number(revision) });
    });
    on('gone', ({ project, config }) => tell({ kind: 'gone', project: String(project), config: String(config) }));
    on('synced', () => {
      failures = 0;
      tell({ kind: 'synced' });
    });
    source.addEventListener('error', () => {
      source?.close();
      tell({ kind: 'lost' });
      const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
      failures += 1;
      // Not all browsers at the same moment, when a server comes back.
      timer = window.setTimeout(open, longest * (0.5 + Math.random() / 2));
    });
  };
  open();
  return () => {
    window.clearTimeout(timer);
    source?.close();
  };
}
