import { useSyncExternalStore } from 'react';

/** `ended`: somebody was signed in, and the server does not know them any more. Their page stays as it is. */
type Session = 'unknown' | 'begun' | 'ended';

let current: Session = 'unknown';
const listeners = new Set<() => void>();

function become(next: Session) {
  if (next === current) return;
  current = next;
  for (const listener of listeners) listener();
}

export const session = {
  begun: () => become('begun'),
  refused: () => {
    if (current === 'begun') become('ended');
  },
};

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => current);
}
