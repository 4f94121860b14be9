import type { Schemas } from '../../api/client.ts';

type Counts = Pick<Schemas['ConsumerPage'], 'total' | 'current' | 'revision'>;

/** How far a revision has come, in a sentence. */
export function headline({ total, current, revision }: Counts): string {
  if (total === 1) return current === 1 ? `It has revision ${revision}` : `It does not have revision ${revision} yet`;
  if (current === total) return `All ${total} have revision ${revision}`;
  if (current === 0) return `None of ${total} has revision ${revision} yet`;
  return `${current} of ${total} have revision ${revision}`;
}

const SOON_MS = 2_000;
const LATER_MS = 10_000;

/**
 * How long until a list of consumers is asked for again, which nothing else tells of: soon while somebody is behind, later
 * while there is nobody yet, and not at all once everybody has what there is.
 */
export function againIn(page: Counts | undefined): number | false {
  if (page === undefined) return false;
  if (page.total === 0) return LATER_MS;
  return page.current < page.total ? SOON_MS : false;
}
