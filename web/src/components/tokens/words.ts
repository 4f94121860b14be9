// What a token is and may do, in words.

import type { Schemas } from '../../api/client.ts';
import { ACTIONS, inSeries, wordsForActions } from '../../ui/actions.ts';

export type Token = Schemas['TokenInfo'];
type Scope = Schemas['TokenScope'];

const WEEK_MS = 7 * 86_400_000;

/** Who shows the token: a machine by its name, a person by theirs. */
export function nameOf(token: Token): string {
  return token.subject_service_name ?? token.subject_user ?? token.token_id;
}

export function isMachine(token: Token): boolean {
  return token.type === 'service';
}

/** One that was made to be kept; the others come and go with somebody's session. */
export function isKept(token: Token): boolean {
  return token.purpose === 'api';
}

/** `shop / prod`, `shop`, or everywhere. */
export function placeOf({ project, project_id, config, config_id }: Scope): string {
  if (project_id == null) return 'all projects';
  if (project == null) return 'a project that was deleted';
  if (config_id == null) return project;
  return config == null ? `a config of ${project} that was deleted` : `${project} / ${config}`;
}

/** What is allowed, in one phrase. */
export function doing(actions: readonly string[]): string {
  if (actions.length === ACTIONS.length) return 'do everything';
  return inSeries(wordsForActions(actions));
}

export interface Grant {
  /** As in `read and export secrets`. */
  may: string;
  places: string[];
}

/** What a token may do where. Places where the same is allowed stand together. */
export function grantsOf(token: Token): Grant[] {
  const grants = new Map<string, string[]>();
  for (const scope of token.scopes) {
    const isAll = scope.actions.length === ACTIONS.length;
    // A personal token is never worth more than its user.
    const may = isAll && !isMachine(token) ? `do whatever ${nameOf(token)} may` : doing(scope.actions);
    grants.set(may, [...(grants.get(may) ?? []), placeOf(scope)]);
  }
  return [...grants].map(([may, places]) => ({ may, places }));
}

export type Life = 'revoked' | 'expired' | 'ending' | 'lasting';

/** How a token stands: `ending` is its last week, where it was made for longer than a day. */
export function lifeOf(token: Token, now: Date): Life {
  if (token.revoked_at != null) return 'revoked';
  if (token.expires_at == null) return 'lasting';
  const end = new Date(token.expires_at).getTime();
  if (end <= now.getTime()) return 'expired';
  const isShort = end - new Date(token.created_at).getTime() <= 86_400_000;
  return !isShort && end - now.getTime() < WEEK_MS ? 'ending' : 'lasting';
}

export type TokenFilter = 'all' | 'machines' | 'mine';

/** Whether a token belongs into a list. Sessions are in none: they are on their user's own page. */
export function isShown(token: Token, filter: TokenFilter, username: string): boolean {
  if (!isKept(token)) return false;
  switch (filter) {
    case 'all':
      return true;
    case 'machines':
      return isMachine(token);
    case 'mine':
      return token.subject_user === username || token.created_by === username;
  }
}
