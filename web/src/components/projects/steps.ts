// The way from an empty server to a machine that reads its secrets, told from what there is.

import type { Schemas } from '../../api/client.ts';
import { inTree } from './tree.ts';

export type StepName = 'project' | 'config' | 'heir' | 'secret' | 'token';

export interface Step {
  name: StepName;
  isDone: boolean;
}

export interface Progress {
  steps: Step[];
  /** The first one that is not done; none at the end. */
  next: StepName | null;
  /** Where the next one is done. */
  project: string | null;
  config: string | null;
}

type Configs = Pick<Schemas['Config'], 'slug' | 'parentSlug' | 'keys'>[];

/** How far somebody has got, by all their projects. */
export function progressOf(projects: { slug: string; configs: Configs }[], tokens: number): Progress {
  const all = projects.flatMap(({ configs }) => configs);
  const steps: Step[] = [
    { name: 'project', isDone: projects.length > 0 },
    { name: 'config', isDone: all.length > 0 },
    { name: 'heir', isDone: all.some(({ parentSlug }) => parentSlug != null) },
    { name: 'secret', isDone: all.some(({ keys }) => keys > 0) },
    { name: 'token', isDone: tokens > 0 },
  ];
  const next = steps.find(({ isDone }) => !isDone)?.name ?? null;
  const place = projects.find(({ configs }) => configs.length > 0) ?? projects[0];
  const tree = inTree(place?.configs ?? []).map(({ config }) => config.slug);
  // A secret begins where the others inherit it; a machine reads what they come to.
  const config = next === 'token' ? tree.at(-1) : tree[0];
  return { steps, next, project: place?.slug ?? null, config: config ?? null };
}
