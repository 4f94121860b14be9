import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { configsQuery, keysQuery, projectsQuery } from '../../api/queries.ts';
import { type Opened, type Option, openedAt, optionsFor, placeOf } from './completion.ts';
import type { Place } from './references.ts';

interface Completion {
  opened: Opened | null;
  options: Option[];
  /** The one that Enter takes. */
  active: number;
  setActive: (index: number) => void;
  /** Tells what is in the field, and where the caret is. */
  look: (text: string, caret: number) => void;
  close: () => void;
}

/** What may follow a `${` in a value of a config, from names alone. */
export function useCompletion({ project, config }: Place): Completion {
  const [opened, setOpened] = useState<Opened | null>(null);
  const [active, setActive] = useState(0);
  const place = placeOf(opened?.query ?? '');
  const [first, second] = place;
  const isOpen = opened !== null;
  const here = useQuery({ ...configsQuery(project), enabled: isOpen }).data?.map(({ slug }) => slug) ?? [];
  const projects = useQuery({ ...projectsQuery, enabled: isOpen && place.length === 0 }).data?.map(({ slug }) => slug) ?? [];
  const isConfig = place.length === 1 && first !== undefined && here.includes(first);
  const isProject = place.length === 1 && first !== undefined && !isConfig;
  const elsewhere = useQuery({ ...configsQuery(first ?? ''), enabled: isOpen && isProject, retry: false }).data ?? [];
  const [ofProject, ofConfig] = second !== undefined ? [first ?? '', second] : [project, first ?? config];
  const hasKeys = isOpen && !isProject && place.length <= 2;
  const keys = useQuery({ ...keysQuery(ofProject, ofConfig), enabled: hasKeys, retry: false }).data;
  const names = {
    keys: hasKeys && keys !== undefined ? Object.keys(keys.meta) : [],
    configs: place.length === 0 ? here : isProject ? elsewhere.map(({ slug }) => slug) : [],
    projects: place.length === 0 ? projects.filter((slug) => slug !== project && !here.includes(slug)) : [],
  };
  const options = opened === null ? [] : optionsFor(opened.query, names);
  return {
    opened,
    options,
    active: Math.min(active, Math.max(0, options.length - 1)),
    setActive,
    look: (text, caret) => {
      const found = openedAt(text, caret);
      if (found?.query !== opened?.query) setActive(0);
      setOpened(found);
    },
    close: () => setOpened(null),
  };
}
