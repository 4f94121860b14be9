import { useVirtualizer, defaultRangeExtractor } from '@tanstack/react-virtual';
import { type CSSProperties, Fragment, type KeyboardEvent, type MouseEvent, useLayoutEffect, useRef, useState } from 'react';

import type { CompareSearch } from './address.ts';
import { ColumnHead } from './ColumnHead.tsx';
import { CompareRow } from './CompareRow.tsx';
import classes from './compare.module.css';
import type { Column, Row } from './grid.ts';
import { type CellAt, moved } from './steps.ts';

const ROW_PX = 34;
const HEAD_PX = 44;
/** How many rows are drawn above and below those that are seen. */
const BEYOND = 6;

/** A cell that was opened, and where it is on the page. */
export interface Opened {
  key: string;
  column: number;
  cell: HTMLElement;
  at: DOMRect;
}

interface Props {
  project: string;
  columns: Column[];
  rows: Row[];
  search: CompareSearch;
  change: (change: { [name in keyof CompareSearch]?: CompareSearch[name] | undefined }) => void;
  selected: ReadonlySet<string>;
  toggle: ((key: string) => void) | undefined;
  open: (opened: Opened) => void;
  /** Something moves under what is open. */
  scrolled: () => void;
}

/** Keys down, configs across. Only the rows that are seen are drawn. */
export function CompareGrid({ project, columns, rows, search, change, selected, toggle, open, scrolled }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<CellAt>({ row: 0, column: -1 });
  const isMoving = useRef(false);
  const current = { row: Math.min(active.row, rows.length - 1), column: Math.min(active.column, columns.length - 1) };
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: BEYOND,
    paddingStart: HEAD_PX,
    scrollPaddingStart: HEAD_PX,
    getItemKey: (index) => rows[index]?.key ?? index,
    // The keyboard's place stays, also where it is out of sight.
    rangeExtractor: (range) => {
      const seen = defaultRangeExtractor(range);
      return current.row < 0 || seen.includes(current.row) ? seen : [...seen, current.row].sort((one, other) => one - other);
    },
    // The browser scrolls on meanwhile.
    useFlushSync: false,
  });
  useLayoutEffect(() => {
    if (!isMoving.current) return;
    const cell = cellAt(box.current, current);
    if (cell === null) return;
    isMoving.current = false;
    cell.focus();
  });

  const step = (event: KeyboardEvent<HTMLElement>) => {
    const target = placeOf(event.target);
    if (target === null) return;
    if ((event.key === 'Enter' || event.key === ' ') && target.row >= 0 && target.column >= 0) {
      event.preventDefault();
      openAt(target);
      return;
    }
    const next = event.altKey || event.metaKey || event.shiftKey ? null : moved(target, event.key, event.ctrlKey, { rows: rows.length, columns: columns.length });
    if (next === null) return;
    event.preventDefault();
    isMoving.current = true;
    if (next.row >= 0) virtual.scrollToIndex(next.row);
    setActive(next);
  };
  const openAt = (place: CellAt) => {
    const key = rows[place.row]?.key;
    const cell = cellAt(box.current, place);
    if (key === undefined || cell === null || place.column < 0) return;
    setActive(place);
    open({ key, column: place.column, cell, at: cell.getBoundingClientRect() });
  };
  const clicked = ({ target }: MouseEvent) => {
    const place = placeOf(target);
    if (place !== null && place.row >= 0) openAt(place);
  };

  const items = virtual.getVirtualItems();
  return (
    <div ref={box} className={classes.box} onScroll={scrolled}>
      <table
        className={classes.grid}
        style={{ '--columns': columns.length } as CSSProperties}
        role="grid"
        aria-label="Keys by configs"
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length + 1}
        onKeyDown={step}
        onClick={clicked}
        onFocus={({ target }) => {
          const place = placeOf(target);
          if (place !== null) setActive(place);
        }}
      >
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" className={classes.corner}>
              Key
            </th>
            {columns.map((column, index) => (
              <ColumnHead
                key={column.slug}
                project={project}
                column={column}
                place={`-1:${index}`}
                isCurrent={current.row === -1 && current.column === index}
                search={search}
                change={change}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item, nth) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <Fragment key={item.key}>
                <Gap height={item.start - (items[nth - 1]?.end ?? HEAD_PX)} columns={columns.length} />
                <CompareRow
                  row={row}
                  index={item.index}
                  columns={columns}
                  current={current.row === item.index ? current.column : null}
                  isSelected={selected.has(row.key)}
                  toggle={toggle}
                />
              </Fragment>
            );
          })}
          <Gap height={virtual.getTotalSize() - (items.at(-1)?.end ?? HEAD_PX)} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

/** The place of rows that are not drawn. */
function Gap({ height, columns }: { height: number; columns: number }) {
  if (height < 1) return null;
  return (
    <tr aria-hidden="true">
      <td colSpan={columns + 1} style={{ height, padding: 0 }} />
    </tr>
  );
}

function cellAt(box: HTMLElement | null, { row, column }: CellAt): HTMLElement | null {
  return box?.querySelector<HTMLElement>(`[data-cell="${row}:${column}"]`) ?? null;
}

function placeOf(target: EventTarget): CellAt | null {
  const cell = target instanceof Element ? target.closest<HTMLElement>('[data-cell]') : null;
  const [row, column] = cell?.dataset['cell']?.split(':').map(Number) ?? [];
  return row === undefined || column === undefined ? null : { row, column };
}
