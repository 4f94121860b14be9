import { useQueries, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';

import { useMay } from '../../api/permissions.ts';
import { configsQuery, keysQuery, projectsQuery } from '../../api/queries.ts';
import { signOut } from '../../session/requests.ts';
import { CONFIG_TABS, PLACES, PROJECT_TABS, type Tab } from './places.ts';
import { useScheme } from './SchemeSwitch.tsx';
import type { Target } from './targets.ts';

/** Everything that there is to go to or to do: where one is first, then configs, pages and what is done anywhere. */
export function useTargets(showShortcuts: () => void): Target[] {
  const here = useParams({ strict: false });
  return [...useKeys(here), ...useTabs(here), ...useConfigs(), ...usePages(), ...useDeeds(showShortcuts)];
}

interface Here {
  project?: string;
  config?: string;
}

function useKeys({ project = '', config }: Here): Target[] {
  const navigate = useNavigate();
  const may = useMay(project);
  const configs = useQuery({ ...configsQuery(project), enabled: project !== '' }).data ?? [];
  const isReader = may('secrets:read');
  // The config where one is comes first.
  const slugs = configs.map(({ slug }) => slug).sort((one, other) => Number(other === config) - Number(one === config));
  const keys = useQueries({ queries: slugs.map((slug) => ({ ...keysQuery(project, slug), enabled: isReader })) });
  return slugs.flatMap((slug, index) =>
    Object.entries(keys[index]?.data?.meta ?? {})
      .filter(([, meta]) => !meta.inherited || slug === config)
      .map(([key]) => ({
        id: `key ${slug} ${key}`,
        name: key,
        about: `key in ${slug}`,
        act: () =>
          void navigate({ to: '/p/$project/c/$config', params: { project, config: slug }, search: { filter: key } }),
      })),
  );
}

function useTabs({ project, config }: Here): Target[] {
  const navigate = useNavigate();
  const may = useMay(project);
  if (project === undefined) return [];
  const targets = (tabs: Tab[], place: string) =>
    tabs.filter(({ needs }) => needs === undefined || may(needs)).map(({ name, to }) => ({
      id: `tab ${place} ${name}`,
      name,
      about: `of ${place}`,
      act: () => void navigate({ to, params: true }),
    }));
  return [...(config === undefined ? [] : targets(CONFIG_TABS, config)), ...targets(PROJECT_TABS, project)];
}

function useConfigs(): Target[] {
  const navigate = useNavigate();
  const projects = useQuery(projectsQuery).data?.map(({ slug }) => slug) ?? [];
  const configs = useQueries({ queries: projects.map((project) => configsQuery(project)) });
  return projects.flatMap((project, index) => [
    {
      id: `project ${project}`,
      name: project,
      about: 'project',
      act: () => void navigate({ to: '/p/$project', params: { project } }),
    },
    ...(configs[index]?.data ?? []).map(({ slug: config }) => ({
      id: `config ${project} ${config}`,
      name: `${project} / ${config}`,
      about: 'config',
      act: () => void navigate({ to: '/p/$project/c/$config', params: { project, config } }),
    })),
  ]);
}

function usePages(): Target[] {
  const navigate = useNavigate();
  return PLACES.map(({ name, to }) => ({ id: `page ${name}`, name, about: 'page', act: () => void navigate({ to }) }));
}

function useDeeds(showShortcuts: () => void): Target[] {
  const scheme = useScheme();
  return [
    { id: 'scheme', name: scheme.name, about: '', act: scheme.change },
    { id: 'shortcuts', name: 'Keyboard shortcuts', about: '', act: showShortcuts },
    { id: 'api', name: 'API', about: 'documentation', act: () => window.location.assign('/api/docs') },
    { id: 'leave', name: 'Sign out', about: '', act: () => void signOut() },
  ];
}
