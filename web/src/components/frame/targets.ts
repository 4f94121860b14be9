/** Somewhere to go, or something to do. */
export interface Target {
  id: string;
  name: string;
  /** What kind of thing it is, or where. */
  about: string;
  act: () => void;
}

/** The ones that a text means, the best first: those that begin with it, have it, or have its letters in order. */
export function meant(targets: Target[], text: string, limit: number): Target[] {
  const wanted = text.trim().toLowerCase();
  const ranked = targets.map((target) => ({ target, rank: rankOf(`${target.name} ${target.about}`.toLowerCase(), wanted) }));
  return ranked
    .filter(({ rank }) => rank < NO_MATCH)
    .sort((one, other) => one.rank - other.rank)
    .slice(0, limit)
    .map(({ target }) => target);
}

const NO_MATCH = 3;

function rankOf(text: string, wanted: string): number {
  if (text.startsWith(wanted)) return 0;
  if (text.includes(wanted)) return 1;
  let from = 0;
  for (const letter of wanted.replaceAll(' ', '')) {
    from = text.indexOf(letter, from) + 1;
    if (from === 0) return NO_MATCH;
  }
  return 2;
}
