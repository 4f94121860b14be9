interface Inheriting {
  slug: string;
  parentSlug?: string | null;
}

/**
 * Configs in the order of inheritance, each after the one that it inherits from, with how far down it is. A parent
 * that the reader may not see counts as none.
 */
export function inTree<T extends Inheriting>(configs: T[]): { config: T; depth: number }[] {
  const known = new Set(configs.map(({ slug }) => slug));
  const below = (parent: string | null, depth: number): { config: T; depth: number }[] =>
    configs
      .filter(({ parentSlug }) => (parentSlug != null && known.has(parentSlug) ? parentSlug : null) === parent)
      .sort((one, other) => one.slug.localeCompare(other.slug))
      .flatMap((config) => [{ config, depth }, ...below(config.slug, depth + 1)]);
  return below(null, 0);
}

/** All that inherits from a config, directly or not. */
export function descendantsOf(slug: string, configs: Inheriting[]): string[] {
  const children = configs.filter(({ parentSlug }) => parentSlug === slug);
  return children.flatMap((child) => [child.slug, ...descendantsOf(child.slug, configs)]);
}
