// What the addresses of the tokens' pages say beside the path.

export interface TokensSearch {
  show?: 'machines' | 'mine' | undefined;
  revoked?: true | undefined;
}

export function tokensSearch({ show, revoked }: Record<string, unknown>): TokensSearch {
  return {
    ...((show === 'machines' || show === 'mine') && { show }),
    ...(revoked === true && { revoked }),
  };
}

export interface NewTokenSearch {
  project?: string | undefined;
  config?: string | undefined;
}

export function newTokenSearch({ project, config }: Record<string, unknown>): NewTokenSearch {
  return {
    ...(isSlug(project) && { project: String(project) }),
    ...(isSlug(config) && { config: String(config) }),
  };
}

/** Digits alone are a slug, too, and a number to whoever takes an address apart. */
function isSlug(found: unknown): boolean {
  return typeof found === 'string' || typeof found === 'number';
}
