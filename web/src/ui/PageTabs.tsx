import { Link, type LinkProps } from '@tanstack/react-router';

import classes from './PageTabs.module.css';

interface Props {
  /** What the pages are about. */
  label: string;
  tabs: { name: string; to: NonNullable<LinkProps['to']> }[];
}

/** Pages that belong together, one of which this is. */
export function PageTabs({ label, tabs }: Props) {
  return (
    <nav aria-label={label} className={classes.tabs}>
      {tabs.map(({ name, to }) => (
        <Link key={name} to={to} className={classes.tab} activeOptions={{ exact: true, includeSearch: false }}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
