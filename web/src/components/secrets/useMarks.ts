import { useCallback, useEffect, useState } from 'react';

import type { Keys } from '../../api/queries.ts';
import { changedBetween } from './drafts.ts';

const MARKED_MS = 8_000;
const NONE: ReadonlySet<string> = new Set<string>();

/** The keys that somebody else changed a moment ago. What is about to be saved here is told to `mine`, and is not among them. */
export function useMarks(keys: Keys) {
  const [before, setBefore] = useState(keys);
  const [own, setOwn] = useState(NONE);
  const [marked, setMarked] = useState(NONE);
  if (keys !== before) {
    setBefore(keys);
    const changed = changedBetween(before, keys).filter((key) => !own.has(key));
    if (changed.length > 0) setMarked(new Set([...marked, ...changed]));
    setOwn(NONE);
  }
  useEffect(() => {
    if (marked.size === 0) return;
    const timer = window.setTimeout(() => setMarked(NONE), MARKED_MS);
    return () => window.clearTimeout(timer);
  }, [marked]);
  const mine = useCallback((keys: string[]) => setOwn(new Set(keys)), []);
  return { marked, mine };
}
