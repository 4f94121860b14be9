import { Tooltip } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import classes from './frame.module.css';
import { PLACES } from './places.ts';

/** The workspace's pages: at the left, by icons alone where there is less room, and at the bottom of a phone. */
export function Rail() {
  return (
    <nav aria-label="Workspace" className={classes.rail}>
      {PLACES.map(({ name, to, Icon }) => (
        <Tooltip key={name} label={name} position="right" classNames={{ tooltip: classes.railTip ?? '' }}>
          <Link to={to} className={classes.place} activeOptions={{ exact: to === '/', includeSearch: false }}>
            <Icon />
            <span className={classes.placeName}>{name}</span>
          </Link>
        </Tooltip>
      ))}
    </nav>
  );
}
