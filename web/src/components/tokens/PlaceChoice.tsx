import { useQuery } from '@tanstack/react-query';

import { useMayIn } from '../../api/permissions.ts';
import { configsQuery, projectsQuery } from '../../api/queries.ts';
import { inTree } from '../projects/tree.ts';
import { Part } from './TokenSentence.tsx';
import type { Place } from './wish.ts';

interface Props {
  place: Place;
  isMachine: boolean;
  choose: (place: Place) => void;
  /** Which of the sentence's places it is. */
  nth: number;
}

/** No slug has a star in it. */
const ALL = '*';

/** A project and, within it, a config; or all of them. */
export function PlaceChoice({ place: { project, config }, isMachine, choose, nth }: Props) {
  const may = useMayIn();
  const projects = useQuery(projectsQuery).data ?? [];
  const configs = useQuery({ ...configsQuery(project ?? ''), enabled: project !== null }).data ?? [];
  const name = (what: string) => (nth === 0 ? what : `${what} ${nth + 1}`);
  const here = projects.map(({ slug }) => slug).filter((slug) => !isMachine || may('tokens:write', slug));
  const slugs = inTree(configs).map((line) => line.config.slug);
  return (
    <>
      <Part
        label={name('Project')}
        searchable={here.length > 8}
        data={[{ value: ALL, label: 'all projects' }, ...withOwn(here, project)]}
        value={project ?? ALL}
        choose={(next) => choose({ project: next === ALL ? null : next, config: null })}
      />
      {project !== null && (
        <>
          <span aria-hidden="true">/</span>
          <Part
            label={name('Config')}
            searchable={slugs.length > 8}
            data={[{ value: ALL, label: 'all configs' }, ...withOwn(slugs, config)]}
            value={config ?? ALL}
            choose={(next) => choose({ project, config: next === ALL ? null : next })}
          />
        </>
      )}
    </>
  );
}

/** The one that is chosen is there before the list is loaded. */
function withOwn(slugs: string[], own: string | null): { value: string; label: string }[] {
  const all = own === null || slugs.includes(own) ? slugs : [own, ...slugs];
  return all.map((slug) => ({ value: slug, label: slug }));
}
