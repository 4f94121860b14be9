/** What of a project's grid is looked at, as the address says it: names alone. */
export interface CompareSearch {
  /** A part of the keys. */
  filter?: string;
  /** Only keys that are not the same everywhere. */
  differs?: true;
  /** Only keys that this config does not have. */
  missing?: string;
  /** Configs that are not shown, with commas in between. */
  hide?: string;
  /** With `to`, two configs whose difference is shown; alone, one that is to be compared with another. */
  from?: string;
  to?: string;
}

/** Takes what makes sense from an address, and leaves the rest. */
export function compareSearch(raw: Record<string, unknown>): CompareSearch {
  const text = (name: string) => {
    const value = raw[name];
    // What looks like a number is one in a parsed address.
    return (typeof value === 'string' || typeof value === 'number') && value !== '' ? String(value) : undefined;
  };
  const slug = (name: string) => {
    const value = text(name);
    return value !== undefined && /^[a-z0-9_-]{1,64}$/.test(value) ? value : undefined;
  };
  const [filter, missing, hide, from, to] = [text('filter'), slug('missing'), text('hide'), slug('from'), slug('to')];
  return {
    ...(filter === undefined ? {} : { filter }),
    ...(raw.differs === true ? { differs: true } : {}),
    ...(missing === undefined ? {} : { missing }),
    ...(hide === undefined ? {} : { hide }),
    ...(from === undefined ? {} : { from }),
    ...(from === undefined || to === undefined ? {} : { to }),
  };
}

/** An address with some of it changed; `undefined` takes a part away. */
export function changed(search: CompareSearch, change: { [name in keyof CompareSearch]?: CompareSearch[name] | undefined }): CompareSearch {
  const all = Object.entries({ ...search, ...change }).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(all);
}

export function hiddenOf({ hide }: CompareSearch): string[] {
  return hide?.split(',').filter((slug) => slug !== '') ?? [];
}
