import { useLocalStorage } from '@mantine/hooks';
import { useQueries, useQuery } from '@tanstack/react-query';

import type { Schemas } from '../../api/client.ts';
import { allows, permissionsQuery } from '../../api/permissions.ts';
import { configsQuery } from '../../api/queries.ts';
import { tokensQuery } from '../tokens/queries.ts';
import { isKept } from '../tokens/words.ts';
import { type Progress, progressOf } from './steps.ts';

/** A workspace with more projects is no new one. */
const FEW = 3;

interface FirstSteps {
  /** None where they are done, put away, or not this person's to take. */
  progress: Progress | null;
  /** Whether it is not known yet if there are any. */
  isPending: boolean;
  /** Of the project in which the next step is taken. */
  configs: Schemas['Config'][];
  putAway: () => void;
}

export function useFirstSteps(projects: Schemas['Project'][] | undefined): FirstSteps {
  const permissions = useQuery(permissionsQuery);
  const may = permissions.data;
  const [isAway, setIsAway] = useLocalStorage({
    key: 'ssm-first-steps-away',
    defaultValue: false,
    getInitialValueInEffect: false,
  });
  const isAllowed = may !== undefined && allows(may, 'projects:write') && allows(may, 'tokens:write');
  const isFor = !isAway && isAllowed && projects !== undefined && projects.length <= FEW;
  const few = isFor ? projects : [];
  const configs = useQueries({ queries: few.map(({ slug }) => configsQuery(slug)) });
  const tokens = useQuery({ ...tokensQuery(false), enabled: isFor });
  const none = { progress: null, isPending: false, configs: [], putAway: () => setIsAway(true) };
  if (!isFor) return { ...none, isPending: permissions.isPending };
  const known = few.map(({ slug }, at) => ({ slug, configs: configs[at]?.data ?? [] }));
  if (tokens.isPending || configs.some(({ isPending }) => isPending)) return { ...none, isPending: true };
  const progress = progressOf(known, tokens.data?.filter(isKept).length ?? 0);
  const here = known.find(({ slug }) => slug === progress.project)?.configs ?? [];
  return { ...none, progress: progress.next === null ? null : progress, configs: here };
}
