import { Menu } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import { type CompareSearch, hiddenOf } from './address.ts';
import classes from './compare.module.css';
import type { Column } from './grid.ts';

interface Props {
  project: string;
  column: Column;
  /** Where it is in the grid. */
  place: string;
  isCurrent: boolean;
  search: CompareSearch;
  change: (change: { [name in keyof CompareSearch]?: CompareSearch[name] | undefined }) => void;
}

/** A config's name, and what can be done with its column. */
export function ColumnHead({ project, column: { slug, parent }, place, isCurrent, search, change }: Props) {
  const isNarrowed = search.missing === slug;
  return (
    <th scope="col" className={classes.column} data-narrowed={isNarrowed || undefined}>
      <Menu position="bottom-start" width={240}>
        <Menu.Target>
          <button type="button" data-cell={place} tabIndex={isCurrent ? 0 : -1} title={parent === null ? slug : `${slug}, inherits from ${parent}`}>
            <span>{slug}</span>
            {parent !== null && <small aria-hidden="true">↳ {parent}</small>}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to={`/p/${project}/c/${slug}`}>
            Open {slug}
          </Menu.Item>
          <Menu.Item onClick={() => change({ missing: isNarrowed ? undefined : slug })}>
            {isNarrowed ? 'Show all keys' : `Only keys missing in ${slug}`}
          </Menu.Item>
          {search.from !== undefined && search.from !== slug ? (
            <Menu.Item onClick={() => change({ to: slug })}>Compare {search.from} with it</Menu.Item>
          ) : (
            <Menu.Item onClick={() => change({ from: slug, to: undefined })}>Compare with another…</Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item onClick={() => change({ hide: [...hiddenOf(search), slug].join(',') })}>Hide {slug}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </th>
  );
}
