// What a reference looks like in a value's text. The server decides what is one; here it is only shown, and completed.

export interface Place {
  project: string;
  config: string;
}

export interface Piece {
  text: string;
  /** Where the text leads to, if it is a reference. */
  to?: Place & { key: string };
}

const REFERENCE = /\$\$\{|\$\{(?:(?:([a-z0-9_-]{1,64})\.)?([a-z0-9_-]{1,64})\.)?([A-Za-z0-9_]{1,253})\}/g;

/** Takes a value apart. All pieces together are the value as it is written. */
export function piecesOf(value: string, { project, config }: Place): Piece[] {
  const pieces: Piece[] = [];
  let begin = 0;
  for (const found of value.matchAll(REFERENCE)) {
    const [text, ofProject, ofConfig, key] = found;
    // `$${` stands for itself.
    if (key === undefined) continue;
    if (found.index > begin) pieces.push({ text: value.slice(begin, found.index) });
    pieces.push({ text, to: { project: ofProject ?? project, config: ofConfig ?? config, key } });
    begin = found.index + text.length;
  }
  if (begin < value.length) pieces.push({ text: value.slice(begin) });
  return pieces;
}

export function hasReference(value: string): boolean {
  return piecesOf(value, { project: '', config: '' }).some(({ to }) => to !== undefined);
}
