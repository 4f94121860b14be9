import { useEffect, useRef } from 'react';

import { takesKey } from './keys.ts';

/** How long the second key may take. */
const PATIENCE_MS = 1_500;

/** Shortcuts of two keys, one after the other: `{ p: … }` after `g` is `g p`. */
export function useSequences(first: string, second: Record<string, () => void>) {
  const latest = useRef(second);
  useEffect(() => {
    latest.current = second;
  });
  useEffect(() => {
    let begunAt = -Infinity;
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const isSecond = event.timeStamp - begunAt < PATIENCE_MS;
      begunAt = event.key === first ? event.timeStamp : -Infinity;
      const act = latest.current[event.key];
      if (isSecond && act !== undefined && takesKey(event)) act();
    };
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, [first]);
}
