import type { Schemas } from '../../api/client.ts';

interface Counts extends Pick<Schemas['ConsumerPage'], 'total' | 'current' | 'revision'> {
  /** How many are behind and cannot report any more, as their token has ended. */
  ended: number;
}

/** Whether all that can still report have the revision. */
export const isDone = ({ total, current, ended }: Counts) => current > 0 && current + ended >= total;

/** How far a revision has come, in a sentence. */
export function headline({ ended, total, ...counts }: Counts): string {
  if (ended === 0 && total === 1) return counts.current === 1 ? `It has revision ${counts.revision}` : `It does not have revision ${counts.revision} yet`;
  if (ended === 0) return words({ total, ...counts });
  if (ended >= total) return total === 1 ? 'It cannot report any more' : `None of ${total} can report any more`;
  return `${words({ total: total - ended, ...counts })}; ${ended} more cannot report any more`;
}

function words({ total, current, revision }: Omit<Counts, 'ended'>): string {
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
  return page.current + page.ended < page.total ? SOON_MS : false;
}
