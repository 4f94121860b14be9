import { useCallback, useState } from 'react';

import type { Keys } from '../../api/queries.ts';
import type { Draft, Drafts } from './drafts.ts';

interface State {
  drafts: Drafts;
  /** The keys as they were when the first of them was made: what they rest on, whatever is loaded since. */
  base: Keys | null;
}

const NONE: State = { drafts: new Map(), base: null };

/** What is typed and not saved, in memory only. */
export function useDrafts(loaded: Keys | undefined) {
  const [state, setState] = useState(NONE);
  const put = useCallback(
    (key: string, draft: Draft) =>
      setState(({ drafts, base }) => ({ drafts: new Map(drafts).set(key, draft), base: base ?? loaded ?? null })),
    [loaded],
  );
  const drop = useCallback(
    (keys: string[]) =>
      setState(({ drafts, base }) => {
        const left = new Map([...drafts].filter(([key]) => !keys.includes(key)));
        return left.size === 0 ? NONE : { drafts: left, base };
      }),
    [],
  );
  const clear = useCallback(() => setState(NONE), []);
  return { drafts: state.drafts, base: state.base ?? loaded, put, drop, clear };
}
