import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMatches, useNavigate, useParams } from '@tanstack/react-router';

import { configsQuery, projectsQuery } from '../../api/queries.ts';
import { inTree } from '../projects/tree.ts';
import classes from './PlacePath.module.css';

/** Where one is: a project, and one of its configs, each to be changed by typing. */
export function PlacePath() {
  const { project, config } = useParams({ strict: false });
  if (project === undefined) return <span className={classes.product}>Simple Secrets Manager</span>;
  return (
    <nav aria-label="Place" className={classes.path}>
      <ProjectMenu project={project} />
      <span aria-hidden="true" className={classes.slash}>
        /
      </span>
      <ConfigMenu project={project} config={config} />
    </nav>
  );
}

function ProjectMenu({ project }: { project: string }) {
  const slugs = useQuery(projectsQuery).data?.map(({ slug }) => slug) ?? [];
  const navigate = useNavigate();
  return (
    <Menu
      label="Project"
      slugs={slugs}
      value={project}
      go={(next) => void navigate({ to: '/p/$project', params: { project: next } })}
    />
  );
}

function ConfigMenu({ project, config }: { project: string; config: string | undefined }) {
  const configs = useQuery(configsQuery(project)).data ?? [];
  const navigate = useNavigate();
  const here = useMatches({ select: (matches) => matches.at(-1)?.fullPath });
  return (
    <Menu
      label="Config"
      slugs={inTree(configs).map((found) => found.config.slug)}
      value={config}
      go={(next) => {
        const params = { project, config: next };
        if (config === undefined) void navigate({ to: '/p/$project/c/$config', params });
        else void navigate({ to: here as '/p/$project/c/$config', params, search: kept });
      }}
    />
  );
}

/** The tab stays when the config changes, and so does the filter; revisions are of one config only. */
function kept(search: object): object {
  return Object.fromEntries(Object.entries(search).filter(([name]) => !['from', 'to', 'rollback'].includes(name)));
}

interface MenuProps {
  label: string;
  slugs: string[];
  value: string | undefined;
  go: (slug: string) => void;
}

function Menu({ label, slugs, value, go }: MenuProps) {
  const isKnown = value === undefined || slugs.includes(value);
  return (
    <Select
      aria-label={label}
      className={classes.menu}
      variant="unstyled"
      searchable
      allowDeselect={false}
      placeholder="Choose a config"
      nothingFoundMessage="Nothing is called so"
      comboboxProps={{ width: 220, position: 'bottom-start' }}
      data={isKnown ? slugs : [value, ...slugs]}
      value={value ?? null}
      onChange={(next) => {
        if (next !== null && next !== value) go(next);
      }}
    />
  );
}
