import { memo } from 'react';

import classes from './compare.module.css';
import { type Column, letterOf, type Row, SIGNS, signOf, variantsOf, wordsFor } from './grid.ts';

interface Props {
  row: Row;
  index: number;
  columns: Column[];
  /** The column of the one cell that the keyboard gets to with Tab, if it is in this row; -1 is that of the keys. */
  current: number | null;
  isSelected: boolean;
  /** Nothing can be selected without it. */
  toggle: ((key: string) => void) | undefined;
}

/** Memoised, since of thousands of cells one changes. */
export const CompareRow = memo(function CompareRow({ row: { key, cells }, index, columns, current, isSelected, toggle }: Props) {
  const variants = variantsOf(cells);
  const tabbed = (column: number) => ({ 'data-cell': `${index}:${column}`, tabIndex: current === column ? 0 : -1 });
  return (
    <tr aria-rowindex={index + 2} data-selected={isSelected || undefined}>
      <th scope="row" className={classes.key} {...(toggle === undefined ? tabbed(-1) : {})}>
        {toggle === undefined ? (
          <span title={key}>{key}</span>
        ) : (
          <label title={key}>
            <input type="checkbox" aria-label={`Select ${key}`} checked={isSelected} onChange={() => toggle(key)} {...tabbed(-1)} />
            <span>{key}</span>
          </label>
        )}
      </th>
      {columns.map(({ slug }, column) => {
        const cell = cells[column];
        const variant = variants[column] ?? null;
        if (cell === undefined) return <td key={slug} role="gridcell" />;
        const sign = signOf(cell);
        return (
          <td
            key={slug}
            role="gridcell"
            aria-haspopup="dialog"
            aria-label={wordsFor(cell, variant)}
            className={classes.cell}
            data-sign={sign}
            data-variant={variant === null ? undefined : Math.min(variant, LAST_TINT)}
            {...tabbed(column)}
          >
            <span aria-hidden="true">
              {SIGNS[sign].sign}
              <small>{letterOf(variant)}</small>
            </span>
          </td>
        );
      })}
    </tr>
  );
});

/** What there are tints for; those beyond have their letters only. */
const LAST_TINT = 6;
