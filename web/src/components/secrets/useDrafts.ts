import { useMemo, useState } from 'react';

import type { Change, Draft, Drafts, Meta } from './drafts.ts';

const NONE: Drafts = new Map<string, Draft>();

/** What is typed and not saved, in memory only. */
export function useDrafts() {
  const [drafts, setDrafts] = useState(NONE);
  const change = useMemo(
    () => ({
      /** `base` is what the key is now; a draft that is changed again rests on what it rested on. */
      put: (key: string, change: Change, base: Meta | undefined) =>
        setDrafts((all) => {
          const begun = all.get(key);
          return new Map(all).set(key, { ...change, base: begun === undefined ? base : begun.base });
        }),
      drop: (keys: string[]) => setDrafts((all) => new Map([...all].filter(([key]) => !keys.includes(key)))),
      /** Lets a draft stand over what others did. */
      rebase: (key: string, base: Meta | undefined) =>
        setDrafts((all) => {
          const draft = all.get(key);
          return draft === undefined ? all : new Map(all).set(key, { ...draft, base });
        }),
      clear: () => setDrafts(NONE),
      /** Brings back what was discarded, beneath what was typed since. */
      restore: (discarded: Drafts) => setDrafts((all) => new Map([...discarded, ...all])),
    }),
    [],
  );
  return { drafts, ...change };
}
