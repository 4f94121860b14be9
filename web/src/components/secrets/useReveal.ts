import { useCallback, useEffect, useState } from 'react';

/** How long a value is shown at most. */
const LONGEST_MS = 60_000;

export interface Shown {
  /** As it is written. */
  value: string;
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

/** Hides what is shown after a minute, and as soon as the page is left. Something else that is shown begins another one. */
export function useForAMinute(shown: unknown, hide: () => void) {
  useEffect(() => {
    if (!shown) return;
    const timer = window.setTimeout(hide, LONGEST_MS);
    const left = () => {
      if (document.hidden) hide();
    };
    window.addEventListener('blur', hide);
    document.addEventListener('visibilitychange', left);
    return () => {
      window.clearTimeout(timer);
      window.removeEventListener('blur', hide);
      document.removeEventListener('visibilitychange', left);
    };
  }, [shown, hide]);
}
