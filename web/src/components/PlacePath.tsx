import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';

import { configsQuery } from '../api/queries.ts';
import classes from './PlacePath.module.css';

/** Where one is: the project, and its configs to go to by typing. */
export function PlacePath() {
  const { project, config } = useParams({ strict: false });
  if (project === undefined || config === undefined) return null;
  return (
    <nav aria-label="Place" className={classes.path}>
      <Link to="/" hash={project} className={classes.project}>
        {project}
      </Link>
      <span aria-hidden="true" className={classes.slash}>
        /
      </span>
      <ConfigMenu project={project} config={config} />
    </nav>
  );
}

function ConfigMenu({ project, config }: { project: string; config: string }) {
  const configs = useQuery(configsQuery(project));
  const navigate = useNavigate();
  const slugs = configs.data?.map(({ slug }) => slug) ?? [];
  return (
    <Select
      aria-label="Config"
      className={classes.menu}
      variant="unstyled"
      searchable
      allowDeselect={false}
      nothingFoundMessage="No such config"
      comboboxProps={{ width: 220, position: 'bottom-start' }}
      data={slugs.includes(config) ? slugs : [config, ...slugs]}
      value={config}
      onChange={(next) => {
        if (next !== null) void navigate({ to: '/p/$project/c/$config', params: { project, config: next } });
      }}
    />
  );
}
