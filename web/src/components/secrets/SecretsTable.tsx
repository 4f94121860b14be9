import { useMediaQuery } from '@mantine/hooks';
import { defaultRangeExtractor, useWindowVirtualizer } from '@tanstack/react-virtual';
import { Fragment, type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react';

import { Tips } from '../../ui/Tips.tsx';
import type { Row } from './drafts.ts';
import { withKept } from './kept.ts';
import type { Place } from './references.ts';
import { type RowActions, SecretRow } from './SecretRow.tsx';
import classes from './table.module.css';
import type { Editing } from './useActions.ts';
import type { Revealed } from './useReveal.ts';

/** How high a row is before it was measured. */
const ROW_PX = { wide: 39, narrow: 88 };
/** How many rows are drawn above and below those that are seen. */
const BEYOND = 12;

interface Props {
  rows: Row[];
  place: Place;
  mayWrite: boolean;
  revealed: Revealed;
  editing: Editing | null;
  current: string | null;
  marked: ReadonlySet<string>;
  actions: RowActions;
  onCurrent: (key: string) => void;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
}

/** Draws the rows that are seen, and those that hold something: the keyboard's place and what is being typed. */
export function SecretsTable(props: Props) {
  const { rows, place, mayWrite, revealed, editing, current, marked, actions, onCurrent, onKeyDown } = props;
  const isNarrow = useMediaQuery('(max-width: 720px)', false, { getInitialValueInEffect: false });
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = () => {
      if (body.current) setTop(Math.round(body.current.getBoundingClientRect().top + window.scrollY));
    };
    measure();
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, []);
  const at = (key: string | undefined) => (key === undefined ? -1 : rows.findIndex((row) => row.key === key));
  const first = Math.max(0, at(current ?? undefined));
  const kept = [first, at(editing?.key)];
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => (isNarrow ? ROW_PX.narrow : ROW_PX.wide),
    overscan: BEYOND,
    scrollMargin: top,
    getItemKey: (index) => rows[index]?.key ?? index,
    rangeExtractor: (range) => withKept(defaultRangeExtractor(range), kept, rows.length),
    // The browser scrolls on meanwhile.
    useFlushSync: false,
  });
  const items = virtual.getVirtualItems();
  const end = virtual.getTotalSize() + top;
  return (
    <div className={classes.wrap}>
      <Tips>
        <table className={classes.table} role="grid" aria-label="Secrets" aria-rowcount={rows.length + 1}>
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col" className={classes.colKey}>
                Key
              </th>
              <th scope="col">Value</th>
              <th scope="col" className={classes.colFrom}>
                From
              </th>
              <th scope="col" className={classes.colChanged}>
                Changed
              </th>
              <td className={classes.colActions} />
            </tr>
          </thead>
          <tbody
            ref={body}
            onKeyDown={onKeyDown}
            onFocus={({ target }) => {
              const key = target.closest<HTMLElement>('[data-row]')?.dataset['row'];
              if (key !== undefined) onCurrent(key);
            }}
          >
            {items.map((item, nth) => {
              const row = rows[item.index];
              if (row === undefined) return null;
              const shown = revealed.get(row.key);
              return (
                <Fragment key={item.key}>
                  <Gap height={item.start - (items[nth - 1]?.end ?? top)} />
                  <SecretRow
                    ref={virtual.measureElement}
                    row={row}
                    place={place}
                    index={item.index}
                    isCurrent={item.index === first}
                    isMarked={marked.has(row.key)}
                    mayWrite={mayWrite}
                    shown={shown?.meta === row.meta && shown?.draft === row.draft ? shown : undefined}
                    edited={editing?.key === row.key ? editing.initial : undefined}
                    actions={actions}
                  />
                </Fragment>
              );
            })}
            <Gap height={end - (items.at(-1)?.end ?? top)} />
          </tbody>
        </table>
      </Tips>
    </div>
  );
}

/** The place of rows that are not drawn. */
function Gap({ height }: { height: number }) {
  if (height < 1) return null;
  return (
    <tr aria-hidden="true" className={classes.gap}>
      <td colSpan={5} style={{ height }} />
    </tr>
  );
}
