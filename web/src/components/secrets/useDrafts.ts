import { useMemo, useState } from 'react';

import type { Keys } from '../../api/queries.ts';
import { type Change, type Draft, type Drafts, leftAfter, type Meta } from './drafts.ts';

const NONE: Drafts = new Map<string, Draft>();

/** A key, what is to become of it, and what it is now. */
export type Begun = [key: string, change: Change, base: Meta | undefined];

/** A draft that is changed again rests on what it rested on. */
function withAll(drafts: Drafts, changes: Begun[]): Drafts {
  const all = new Map(drafts);
  for (const [key, change, base] of changes) {
    const begun = all.get(key);
    all.set(key, { ...change, base: begun === undefined ? base : begun.base });
  }
  return all;
}

/** What is typed and not saved, in memory only. */
export function useDrafts() {
  const [drafts, setDrafts] = useState(NONE);
  const change = useMemo(
    () => ({
      put: (key: string, change: Change, base: Meta | undefined) => setDrafts((all) => withAll(all, [[key, change, base]])),
      putAll: (changes: Begun[]) => setDrafts((all) => withAll(all, changes)),
      drop: (keys: string[]) => setDrafts((all) => new Map([...all].filter(([key]) => !keys.includes(key)))),
      /** Lets a draft stand over what others did. */
      rebase: (key: string, base: Meta | undefined) =>
        setDrafts((all) => {
          const draft = all.get(key);
          return draft === undefined ? all : new Map(all).set(key, { ...draft, base });
        }),
      clear: () => setDrafts(NONE),
      /** Lets go of what is saved, and not of what was typed meanwhile. */
      settle: (sent: Drafts, now: Keys) => setDrafts((all) => leftAfter(sent, all, now)),
      /** Brings back what was discarded, beneath what was typed since. */
      restore: (discarded: Drafts) => setDrafts((all) => new Map([...discarded, ...all])),
    }),
    [],
  );
  return { drafts, ...change };
}
