/** Whose rights are looked at, and where; in all projects, where none is named. */
export interface AccessSearch {
  user?: string | undefined;
  project?: string | undefined;
}

export function accessSearch(search: Record<string, unknown>): AccessSearch {
  const text = (name: string) => (typeof search[name] === 'string' ? { [name]: search[name] } : {});
  return { ...text('user'), ...text('project') };
}
