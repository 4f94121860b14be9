import type { AuditFilter } from '../../api/audit.ts';

/** What of the record is looked at, as the address says it. */
export interface AuditSearch extends AuditFilter {
  /** Whether new events come by themselves. */
  live?: true;
}

const NAMES = ['actor', 'action', 'project', 'config', 'key'] as const;

/** Takes what makes sense from an address, and leaves the rest. */
export function auditSearch(raw: Record<string, unknown>): AuditSearch {
  const search: AuditSearch = {};
  for (const name of NAMES) {
    const value = raw[name];
    // What looks like a number is one in a parsed address.
    if ((typeof value === 'string' || typeof value === 'number') && value !== '') search[name] = String(value);
  }
  // A config is one of a project.
  if (search.project === undefined) delete search.config;
  if (raw.outcome === 'success' || raw.outcome === 'failure') search.outcome = raw.outcome;
  for (const name of ['since', 'until'] as const) {
    const value = raw[name];
    if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) search[name] = value;
  }
  if (raw.live === true) search.live = true;
  return search;
}

/** What the server is asked for. */
export function filterOf(search: AuditSearch): AuditFilter {
  return paused(search);
}

/** An address that new events do not come to. */
export function paused(search: AuditSearch): AuditSearch {
  const rest = { ...search };
  delete rest.live;
  return rest;
}

/** An address without one filter, and without what makes no sense alone. */
export function without(search: AuditSearch, name: keyof AuditFilter): AuditSearch {
  const gone: string[] = name === 'project' ? ['project', 'config'] : [name];
  return Object.fromEntries(Object.entries(search).filter(([known]) => !gone.includes(known)));
}

const WORDS: Record<keyof AuditFilter, (value: string) => string> = {
  actor: (value) => `by ${value}`,
  action: (value) => value,
  project: (value) => `in ${value}`,
  config: (value) => `config ${value}`,
  key: (value) => value,
  outcome: (value) => (value === 'failure' ? 'refused' : 'done'),
  since: (value) => `from ${exact(value)}`,
  until: (value) => `to ${exact(value)}`,
};

/** Each filter in words. */
export function filtersOf(search: AuditSearch): { name: keyof AuditFilter; words: string }[] {
  const names = Object.keys(WORDS) as (keyof AuditFilter)[];
  return names.flatMap((name) => {
    const value = search[name];
    return value === undefined ? [] : [{ name, words: WORDS[name](value) }];
  });
}

export function exact(time: string): string {
  return new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}

/** A time for a field of the reader's own time, and back. */
export function toField(time: string | undefined): string {
  if (time === undefined) return '';
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function fromField(text: string): string | undefined {
  const at = new Date(text);
  return text === '' || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
