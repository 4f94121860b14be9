import { useHotkeys } from '@mantine/hooks';
import { type KeyboardEvent, useCallback, useState } from 'react';
import { flushSync } from 'react-dom';

import { takesKey } from '../../ui/keys.ts';
import type { Row } from './drafts.ts';
import type { RowActions } from './SecretRow.tsx';
import type { Revealed } from './useReveal.ts';

const PAGE = 12;

interface Keyed {
  rows: Row[];
  revealed: Revealed;
  mayWrite: boolean;
  actions: RowActions;
}

/** Puts the keyboard on a row, which is drawn for it wherever the page is scrolled to. */
function focusRow(key: string) {
  const row = document.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
  row?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: 'nearest' });
}

export function useCurrentRow() {
  const [current, setCurrent] = useState<string | null>(null);
  /** Goes to a row once all that was changed before is drawn. */
  const goTo = useCallback((key: string) => {
    flushSync(() => setCurrent(key));
    focusRow(key);
  }, []);
  return { current, setCurrent, goTo };
}

/** Moves between rows, and does what their buttons do. */
export function useRowKeys({ rows, revealed, mayWrite, actions }: Keyed, current: string | null, goTo: (key: string) => void) {
  const at = rows.findIndex(({ key }) => key === current);
  const moveTo = (index: number) => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (row !== undefined) goTo(row.key);
  };
  const onPage = { preventDefault: false };
  useHotkeys(
    [
      ['j', (event) => takesKey(event) && moveTo(at + 1), onPage],
      ['k', (event) => takesKey(event) && moveTo(at === -1 ? 0 : at - 1), onPage],
    ],
    [],
  );
  const steps: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + PAGE,
    PageUp: at - PAGE,
    Home: 0,
    End: rows.length - 1,
  };
  return (event: KeyboardEvent<HTMLElement>) => {
    const { target } = event;
    if (!(target instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.closest('textarea, input, [role=listbox]')) return;
    const row = rows[at];
    const act = (doIt: () => void) => {
      event.preventDefault();
      doIt();
    };
    const step = steps[event.key];
    if (step !== undefined) return act(() => moveTo(step));
    if (row === undefined) return;
    const isRemoved = row.draft?.kind === 'remove';
    if (event.key === 'c' && !isRemoved) return act(() => actions.copy(row));
    if (event.key === 'Escape') return act(() => (revealed.size > 0 ? actions.hide() : target.blur()));
    // On a button these are for the button.
    if (target.dataset['row'] === undefined || isRemoved) return;
    if (event.key === 'Enter' && mayWrite) act(() => actions.edit(row));
    if (event.key === ' ') act(() => (revealed.has(row.key) ? actions.hide() : actions.reveal(row)));
  };
}
