// A token as it is wished for, before there is one: pure functions over what the form holds.

import type { Action } from '../../api/permissions.ts';
import { inSeries } from '../../ui/actions.ts';
import { doing } from './words.ts';

export type Preset = 'read' | 'write' | 'everything' | 'mine' | 'custom';

export interface Place {
  /** None: all projects. */
  project: string | null;
  /** None: all configs of the project. */
  config: string | null;
}

export interface Wish {
  /** For a machine, or for the person who makes it. */
  isMachine: boolean;
  name: string;
  preset: Preset;
  /** What is chosen one by one. */
  chosen: Action[];
  places: Place[];
  life: string;
  /** The last day, as the browser's field has it, where `life` is a date. */
  lastDay: string;
  cidrs: string[];
}

/** Whether the maker may do something in a project, or everywhere. */
export type May = (action: Action, project: string | null) => boolean;

const READ: Action[] = ['secrets:read', 'secrets:export'];
const WRITE: Action[] = [...READ, 'secrets:write'];

/** What means something within a project; the rest is about the workspace. */
const IN_PROJECT: Action[] = [
  'projects:read',
  'projects:write',
  'configs:read',
  'configs:write',
  'secrets:read',
  'secrets:write',
  'secrets:delete',
  'secrets:export',
  'tokens:read',
  'tokens:write',
  'tokens:revoke',
  'audit:read',
  'workspace:project-members:read',
  'workspace:project-members:manage',
];
/** Of these, what means nothing for a single config. */
const NOT_IN_CONFIG: Action[] = ['projects:write', 'workspace:project-members:read', 'workspace:project-members:manage'];

/** What can be given for a place, by somebody who may do it there. */
export function givable({ project, config }: Place, all: readonly Action[], may: May): Action[] {
  const fits = (action: Action) => {
    if (project === null) return true;
    return IN_PROJECT.includes(action) && (config === null || !NOT_IN_CONFIG.includes(action));
  };
  return all.filter((action) => fits(action) && may(action, project));
}

/** What can be given for every one of several places. */
export function givableIn(places: readonly Place[], all: readonly Action[], may: May): Action[] {
  return places.reduce<Action[]>((left, place) => givable(place, left, may), [...all]);
}

/** What a preset comes to; nothing where it is whatever its user may. */
export function actionsOf({ preset, chosen }: Wish, possible: readonly Action[]): Action[] | null {
  switch (preset) {
    case 'read':
      return READ;
    case 'write':
      return WRITE;
    case 'everything':
      return [...possible];
    case 'custom':
      return possible.filter((action) => chosen.includes(action));
    case 'mine':
      return null;
  }
}

/** The presets that can be offered, with their words. */
export function presetsFor(isMachine: boolean, possible: readonly Action[]): { value: Preset; label: string }[] {
  const has = (actions: Action[]) => actions.every((action) => possible.includes(action));
  return [
    ...(isMachine ? [] : [{ value: 'mine' as const, label: 'do whatever I may' }]),
    ...(has(READ) ? [{ value: 'read' as const, label: doing(READ) }] : []),
    ...(has(WRITE) ? [{ value: 'write' as const, label: doing(WRITE) }] : []),
    ...(isMachine ? [{ value: 'everything' as const, label: 'do everything' }] : []),
    { value: 'custom', label: 'do what I choose' },
  ];
}

interface Lifetime {
  value: string;
  label: string;
  seconds: number;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

const PERSONAL: Lifetime[] = [
  { value: '1h', label: '1 hour from now', seconds: HOUR },
  { value: '8h', label: '8 hours from now', seconds: 8 * HOUR },
  { value: '24h', label: '24 hours from now', seconds: DAY },
];

const MACHINES: Lifetime[] = [
  { value: '1h', label: '1 hour from now', seconds: HOUR },
  { value: '7d', label: '7 days from now', seconds: 7 * DAY },
  { value: '30d', label: '30 days from now', seconds: 30 * DAY },
  { value: '90d', label: '90 days from now', seconds: 90 * DAY },
  { value: '1y', label: '1 year from now', seconds: 365 * DAY },
  { value: 'date', label: 'the end of a day', seconds: 0 },
  { value: 'never', label: 'somebody revokes it', seconds: 0 },
];

export const lifetimes = (isMachine: boolean) => (isMachine ? MACHINES : PERSONAL);

/** How long it is to live, in seconds; none is for ever. Not a number where the day is missing. */
export function secondsOf({ isMachine, life, lastDay }: Wish, now: Date): number {
  if (life !== 'date') return lifetimes(isMachine).find(({ value }) => value === life)?.seconds ?? HOUR;
  const end = new Date(`${lastDay}T23:59:59`);
  return Math.floor((end.getTime() - now.getTime()) / 1000);
}

/** What a token with these actions in these places cannot do, in a sentence. */
export function limitsOf(actions: readonly Action[], places: readonly Place[]): string {
  const lacks = (...some: Action[]) => some.every((action) => !actions.includes(action));
  const verbs = [
    ...(lacks('secrets:read', 'secrets:export') ? ['read'] : []),
    ...(lacks('secrets:write') ? ['change'] : []),
    ...(lacks('secrets:delete') ? ['delete'] : []),
  ];
  if (actions.length === 0) return 'Choose at least one thing that it may do.';
  const bounds = widest(places);
  const isBound = bounds.every(({ project }) => project !== null);
  const cannot = [
    ...(verbs.length > 0 ? [`${inSeries(verbs, 'or')} secrets`] : []),
    ...(lacks('tokens:write') ? ['make other tokens'] : []),
    ...(isBound ? [`reach anything outside of ${inSeries(bounds.map(placeInWords))}`] : []),
  ];
  const limits = cannot.length === 0 ? 'There is nothing that it cannot do.' : `It cannot ${inSeries(cannot, 'or')}.`;
  return verbs.includes('read') ? limits : `${limits} Reading a config includes what it inherits.`;
}

/** Places without those that lie within others of them. */
function widest(places: readonly Place[]): Place[] {
  const isWithin = (inner: Place, outer: Place) =>
    outer.project === null || (outer.project === inner.project && (outer.config === null || outer.config === inner.config));
  return places.filter((place, at) =>
    places.every((other, otherAt) => at === otherAt || !isWithin(place, other) || (isWithin(other, place) && at < otherAt)),
  );
}

export function placeInWords({ project, config }: Place): string {
  if (project === null) return 'all projects';
  return config === null ? project : `${project} / ${config}`;
}
