/** What of the history is looked at, as the address says it. */
export interface HistorySearch {
  /** The versions of this key only. */
  key?: string;
  /** With `to`, the revisions whose difference is shown; alone, one that is to be compared with another. */
  from?: number;
  to?: number;
  /** The revision that is to be gone back to, once it is seen what that means. */
  rollback?: number;
}

/** Takes what makes sense from an address, and leaves the rest. */
export function historySearch(raw: Record<string, unknown>): HistorySearch {
  const [key, from, to, rollback] = [keyOf(raw.key), revisionOf(raw.from), revisionOf(raw.to), revisionOf(raw.rollback)];
  return {
    ...(key === undefined ? {} : { key }),
    ...(from === undefined ? {} : { from }),
    ...(from === undefined || to === undefined ? {} : { to }),
    ...(rollback === undefined ? {} : { rollback }),
  };
}

function keyOf(raw: unknown): string | undefined {
  const text = typeof raw === 'string' || typeof raw === 'number' ? String(raw) : '';
  return /^[A-Z0-9_]{1,253}$/.test(text) ? text : undefined;
}

function revisionOf(raw: unknown): number | undefined {
  return typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= 0 ? raw : undefined;
}

/** Two revisions, the older one first. */
export function between(one: number, other: number): { from: number; to: number } {
  return { from: Math.min(one, other), to: Math.max(one, other) };
}
