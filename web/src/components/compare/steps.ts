/** A cell of the grid; -1 is the row of the configs' names, or the column of the keys'. */
export interface CellAt {
  row: number;
  column: number;
}

const PAGE = 10;

/** Where a key of the keyboard leads from a cell; `null` where it is not one for that. */
export function moved({ row, column }: CellAt, key: string, isFar: boolean, size: { rows: number; columns: number }): CellAt | null {
  const to = (next: CellAt): CellAt => {
    const within = {
      row: Math.max(-1, Math.min(size.rows - 1, next.row)),
      column: Math.max(-1, Math.min(size.columns - 1, next.column)),
    };
    // The corner is nowhere to be.
    return within.row === -1 && within.column === -1 ? { row, column } : within;
  };
  switch (key) {
    case 'ArrowUp':
      return to({ row: row - 1, column });
    case 'ArrowDown':
      return to({ row: row + 1, column });
    case 'ArrowLeft':
      return to({ row, column: column - 1 });
    case 'ArrowRight':
      return to({ row, column: column + 1 });
    case 'PageUp':
      return to({ row: Math.max(0, row - PAGE), column });
    case 'PageDown':
      return to({ row: row + PAGE, column });
    case 'Home':
      return to({ row: isFar ? 0 : row, column: row === -1 && !isFar ? 0 : -1 });
    case 'End':
      return to({ row: isFar ? size.rows - 1 : row, column: size.columns - 1 });
    default:
      return null;
  }
}
