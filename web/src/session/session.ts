import { useSyncExternalStore } from 'react';

/** `ended`: somebody was signed in, and the server does not know them any more. Their page stays as it is. */
type Session = 'unknown' | 'begun' | 'ended';

let current: Session = 'unknown';
/** Whose page this is. */
let owner: string | undefined;
const listeners = new Set<() => void>();

function become(next: Session) {
  if (next === current) return;
  current = next;
  for (const listener of listeners) listener();
}

export const session = {
  /** Somebody is signed in; tells whether this is their page. Another one may be, who signed in in another tab. */
  begun: (username: string): boolean => {
    owner ??= username;
    become(owner === username ? 'begun' : 'ended');
    return owner === username;
  },
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
