import { useEffect } from 'react';

/** Names the page for the browser's tabs and its history. Only names of places go there, never a value. */
export function useTitle(...parts: string[]) {
  const title = [...parts, 'Secrets'].join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
}
