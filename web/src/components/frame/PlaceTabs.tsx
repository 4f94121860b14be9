import { Link, useParams } from '@tanstack/react-router';

import { useMay } from '../../api/permissions.ts';
import classes from './frame.module.css';
import { CONFIG_TABS, PROJECT_TABS, type Tab } from './places.ts';

/** The pages of the config where one is, and of its project. */
export function PlaceTabs() {
  const { project, config } = useParams({ strict: false });
  const may = useMay(project);
  if (project === undefined) return null;
  const shown = (tabs: Tab[]) => tabs.filter(({ needs }) => needs === undefined || may(needs));
  return (
    <nav aria-label={config === undefined ? project : `${project} / ${config}`} className={classes.tabs}>
      {config !== undefined && shown(CONFIG_TABS).map((tab) => <TabLink key={tab.name} tab={tab} />)}
      {config !== undefined && <span aria-hidden="true" className={classes.tabsGap} />}
      {shown(PROJECT_TABS).map((tab) => (
        <TabLink key={tab.name} tab={tab} />
      ))}
    </nav>
  );
}

function TabLink({ tab: { name, to } }: { tab: Tab }) {
  return (
    <Link to={to} params={true} className={classes.tab} activeOptions={{ exact: true, includeSearch: false }}>
      {name}
    </Link>
  );
}
