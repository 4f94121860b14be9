import { useCallback, useEffect, useState } from 'react';

/** How long a value is shown at most. */
const LONGEST_MS = 60_000;

/** Something in clear, for a minute at most and for as long as the page is looked at. */
export function useFleeting<T>() {
  const [shown, setShown] = useState<T | null>(null);
  const show = useCallback((value: T) => setShown(() => value), []);
  const hide = useCallback(() => setShown(null), []);
  useForAMinute(shown !== null && shown, hide);
  return { shown, show, hide };
}

/** Hides what is shown after a minute, and as soon as the page is left. Something else that is shown begins another one. */
export function useForAMinute(shown: unknown, hide: () => void) {
  useEffect(() => {
    if (!shown) return;
    // It was asked for before the page was left.
    if (document.hidden) {
      hide();
      return;
    }
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
