// What makes one text differ from another, line by line and within lines.

export interface Piece {
  text: string;
  /** Whether the other side does not have it. */
  isMarked: boolean;
}

/** A line on both sides; `null` where one side has none. */
export interface Line {
  before: Piece[] | null;
  after: Piece[] | null;
}

/** Above so many comparisons only what is equal at both ends counts, rather than keeping the page waiting. */
const MOST = 4_000_000;

/** Of `null`, which is no text at all, there is no line. */
export function linesOf(before: string | null, after: string | null): Line[] {
  const [old, young] = [before?.split('\n') ?? [], after?.split('\n') ?? []];
  return steps(old, young).flatMap(({ removed, added, common }) => [...paired(removed, added), ...common.map(same)]);
}

const same = (text: string): Line => ({ before: plain(text), after: plain(text) });
const plain = (text: string): Piece[] => [{ text, isMarked: false }];
const marked = (text: string): Piece[] => [{ text, isMarked: true }];

/** Lines that took the place of others stand beside these; what is left over stands alone. */
function paired(removed: string[], added: string[]): Line[] {
  return Array.from({ length: Math.max(removed.length, added.length) }, (_, index): Line => {
    const [before, after] = [removed[index], added[index]];
    if (before === undefined || after === undefined) {
      return {
        before: before === undefined ? null : marked(before),
        after: after === undefined ? null : marked(after),
      };
    }
    return within(before, after);
  });
}

const WORDS = /[\p{L}\p{N}]+|\s+|./gsu;

function within(before: string, after: string): Line {
  const parts = steps(before.match(WORDS) ?? [], after.match(WORDS) ?? []);
  const side = (pick: (step: Step) => string[]) =>
    joined(parts.flatMap((step) => [{ text: pick(step).join(''), isMarked: true }, { text: step.common.join(''), isMarked: false }]));
  return { before: side(({ removed }) => removed), after: side(({ added }) => added) };
}

function joined(pieces: Piece[]): Piece[] {
  const whole: Piece[] = [];
  for (const piece of pieces) {
    const last = whole.at(-1);
    if (piece.text === '') continue;
    if (last?.isMarked === piece.isMarked) last.text += piece.text;
    else whole.push({ ...piece });
  }
  return whole;
}

/** What one side has and the other has in its place, and then what both have. */
interface Step {
  removed: string[];
  added: string[];
  common: string[];
}

/** The way from one list to another through their longest common subsequence. */
function steps(before: string[], after: string[]): Step[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const found: Step[] = [{ removed: [], added: [], common: before.slice(0, start) }];
  const [old, young] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  for (const step of middle(old, young)) found.push(step);
  found.push({ removed: [], added: [], common: before.slice(before.length - end) });
  return found;
}

function middle(before: string[], after: string[]): Step[] {
  const [rows, columns] = [before.length, after.length];
  if (rows === 0 || columns === 0 || rows * columns > MOST) return [{ removed: before, added: after, common: [] }];
  // How long the longest common subsequence of what is left from each place on is.
  const width = columns + 1;
  const longest = new Uint32Array((rows + 1) * width);
  const at = (row: number, column: number) => longest[row * width + column] ?? 0;
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      longest[row * width + column] =
        before[row] === after[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const found: Step[] = [];
  let step: Step = { removed: [], added: [], common: [] };
  let [row, column] = [0, 0];
  while (row < rows || column < columns) {
    const [old, young] = [before[row], after[column]];
    if (old !== undefined && old === young) {
      step.common.push(old);
      row += 1;
      column += 1;
      continue;
    }
    if (step.common.length > 0) {
      found.push(step);
      step = { removed: [], added: [], common: [] };
    }
    if (old !== undefined && (young === undefined || at(row + 1, column) >= at(row, column + 1))) {
      step.removed.push(old);
      row += 1;
    } else if (young !== undefined) {
      step.added.push(young);
      column += 1;
    }
  }
  return [...found, step];
}
