import { notifications } from '@mantine/notifications';
import { useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';

import { wordsFor } from '../../api/client.ts';
import { readValue } from '../../api/queries.ts';
import type { Meta, Row } from './drafts.ts';
import { readAll } from './exporting.ts';
import { hasReference, type Place } from './references.ts';
import type { MenuAt } from './RowMenu.tsx';
import type { RowActions } from './SecretRow.tsx';
import type { useDrafts } from './useDrafts.ts';
import type { Revealed, Shown, useReveal } from './useReveal.ts';

export interface Editing {
  key: string;
  initial: string;
  base: Meta | undefined;
}

/** Does something with a row, or tells that it could not be done. */
export async function orTell(title: string, act: () => Promise<void>) {
  try {
    await act();
  } catch (error) {
    notifications.show({ color: 'red', title, message: wordsFor(error) });
  }
}

/** What is typed here counts before what the server has. */
export async function valueOf({ project, config }: Place, { key, draft }: Row): Promise<string> {
  return draft?.kind === 'set' ? draft.value : readValue(project, config, key);
}

async function shownOf(place: Place, row: Row): Promise<Shown> {
  const { meta, draft } = row;
  const value = await valueOf(place, row);
  if (draft !== undefined || !hasReference(value)) return { value, meta, draft };
  try {
    return { value, meta, draft, resolved: { value: await readValue(place.project, place.config, row.key, true) } };
  } catch (error) {
    return { value, meta, draft, resolved: { problem: wordsFor(error) } };
  }
}

/** Shows all values for a minute, in one read on record. What is typed here counts before what the server has. */
export function revealAll(place: Place, rows: Row[], reveal: (all: Revealed) => void) {
  void orTell('The values could not be revealed', async () => {
    const saved = await readAll(place);
    const all = new Map<string, Shown>();
    for (const { key, meta, draft } of rows) {
      const value = draft?.kind === 'set' ? draft.value : saved[key];
      if (value !== undefined && draft?.kind !== 'remove') all.set(key, { value, meta, draft });
    }
    reveal(all);
  });
}

type Edits = Pick<ReturnType<typeof useDrafts>, 'put' | 'drop'> & Pick<ReturnType<typeof useReveal>, 'reveal' | 'hide'>;

/** What the buttons and keys of the rows do. */
export function useActions({ project, config }: Place, { put, drop, reveal, hide }: Edits, goTo: (key: string) => void) {
  const [editing, setEditing] = useState<Editing | null>(null);
  /** What the editor has in it by now. */
  const typed = useRef('');
  /** How many values were asked for: an answer that another one has overtaken opens and copies nothing. */
  const asked = useRef(0);
  const [menu, setMenu] = useState<MenuAt | null>(null);
  const actions = useMemo<RowActions>(() => {
    const place = { project, config };
    const leave = () => {
      flushSync(() => setEditing(null));
      if (editing !== null) goTo(editing.key);
    };
    const keep = () => {
      // A text field knows one kind of line's end only.
      if (editing !== null && editing.initial.replaceAll('\r\n', '\n') !== typed.current) {
        put(editing.key, { kind: 'set', value: typed.current }, editing.base);
      }
    };
    const latest = async (row: Row): Promise<string | null> => {
      asked.current += 1;
      const mine = asked.current;
      const value = await valueOf(place, row);
      return mine === asked.current ? value : null;
    };
    return {
      reveal: (row) =>
        void orTell(`${row.key} could not be revealed`, async () => reveal(new Map([[row.key, await shownOf(place, row)]]))),
      hide,
      copy: (row) =>
        void orTell(`${row.key} could not be copied`, async () => {
          const value = await latest(row);
          if (value === null) return;
          await navigator.clipboard.writeText(value);
          notifications.show({ message: `${row.key} is copied` });
        }),
      edit: (row) => {
        // What is typed in another row is not lost for it.
        keep();
        setEditing(null);
        void orTell(`${row.key} could not be opened`, async () => {
          const initial = await latest(row);
          if (initial === null) return;
          hide();
          typed.current = initial;
          setEditing({ key: row.key, initial, base: row.meta });
        });
      },
      type: (text) => {
        typed.current = text;
      },
      keep: () => {
        keep();
        leave();
      },
      cancelEdit: leave,
      remove: (row) => {
        hide();
        put(row.key, { kind: 'remove' }, row.meta);
      },
      undo: (key) => {
        hide();
        drop([key]);
      },
      openMenu: (row, at) => setMenu({ row, at }),
    };
  }, [project, config, editing, reveal, hide, put, drop, goTo]);
  const closeMenu = () => {
    flushSync(() => setMenu(null));
    if (menu !== null) goTo(menu.row.key);
  };
  return { actions, editing, menu, closeMenu };
}
