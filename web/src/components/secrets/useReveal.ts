import { useCallback, useState } from 'react';

import { useForAMinute } from '../../ui/useFleeting.ts';
import type { Draft, Meta } from './drafts.ts';

export interface Shown {
  /** As it is written. */
  value: string;
  /** What the key was then: once it is something else, this is not its value any more. */
  meta: Meta | undefined;
  draft: Draft | undefined;
  /** What its references come to, or why that is not to be had. */
  resolved?: { value: string } | { problem: string };
}

export type Revealed = ReadonlyMap<string, Shown>;

const NONE: Revealed = new Map<string, Shown>();

/** Values in clear, for a minute at most and for as long as the page is looked at. */
export function useReveal() {
  const [revealed, setRevealed] = useState(NONE);
  const hide = useCallback(() => setRevealed(NONE), []);
  useForAMinute(revealed.size > 0 && revealed, hide);
  return { revealed, reveal: setRevealed, hide };
}
