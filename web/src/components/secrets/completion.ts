// What may follow `${` in a value: names only, as the server has told them.

export interface Opened {
  /** Where what is typed of the reference begins, after the `${`. */
  begin: number;
  query: string;
}

export interface Option {
  /** What stands for the query once it is chosen. */
  text: string;
  /** Whether that is all of the reference, or a place to choose a key from. */
  isWhole: boolean;
}

export interface Names {
  keys: string[];
  configs: string[];
  projects: string[];
}

const MOST = 50;

/** The reference that is being typed where the caret is, if there is one. */
export function openedAt(text: string, caret: number): Opened | null {
  const before = text.slice(0, caret);
  const begin = before.lastIndexOf('${') + 2;
  // `$${` stands for itself.
  if (begin === 1 || before[begin - 3] === '$') return null;
  const query = before.slice(begin);
  return /^[A-Za-z0-9_.-]*$/.test(query) ? { begin, query } : null;
}

/** The place that a query names already: `base.` a config, `web.prod.` one of another project. */
export function placeOf(query: string): string[] {
  return query.split('.').slice(0, -1);
}

/** What the query may become; `names` are those of the place that it names. Keys come first, and those that begin like it. */
export function optionsFor(query: string, { keys, configs, projects }: Names): Option[] {
  const place = placeOf(query);
  const typed = query.split('.').at(-1)?.toLowerCase() ?? '';
  const prefix = place.map((part) => `${part}.`).join('');
  const fitting = (names: string[]) => {
    const like = names.filter((name) => name.toLowerCase().includes(typed));
    const begins = (name: string) => Number(!name.toLowerCase().startsWith(typed));
    return like.sort((one, other) => begins(one) - begins(other) || one.localeCompare(other));
  };
  const whole = fitting(keys).map((key) => ({ text: prefix + key, isWhole: true }));
  const places = [...fitting(configs), ...fitting(projects)].map((slug) => ({ text: `${prefix}${slug}.`, isWhole: false }));
  return [...whole, ...places].slice(0, MOST);
}

/** The text with an option in the place of the query, and where the caret is then. */
export function chosen(text: string, caret: number, { begin }: Opened, option: Option): { text: string; caret: number } {
  const rest = text.slice(caret);
  const closed = option.isWhole && !rest.startsWith('}') ? `${option.text}}` : option.text;
  const past = option.isWhole && rest.startsWith('}') ? 1 : 0;
  return { text: text.slice(0, begin) + closed + rest, caret: begin + closed.length + past };
}
