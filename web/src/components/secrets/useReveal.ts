import { useCallback, useEffect, useState } from 'react';

/** How long a value is shown at most. */
const LONGEST_MS = 60_000;

interface Revealed {
  key: string;
  value: string;
}

/** One value in clear, for a minute at most and for as long as the page is looked at. */
export function useReveal() {
  const [revealed, setRevealed] = useState<Revealed | null>(null);
  const hide = useCallback(() => setRevealed(null), []);
  useEffect(() => {
    if (revealed === null) return;
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
  }, [revealed, hide]);
  return { revealed, reveal: setRevealed, hide };
}
