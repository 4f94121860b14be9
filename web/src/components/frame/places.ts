import type { LinkProps } from '@tanstack/react-router';
import type { ComponentType } from 'react';

import type { Action } from '../../api/permissions.ts';
import { AuditIcon, ProjectsIcon, SettingsIcon, TeamIcon, TokenIcon } from '../../ui/icons.tsx';

export interface Place {
  name: string;
  to: NonNullable<LinkProps['to']>;
  Icon: ComponentType;
  /** The key after `g` that leads there. */
  key?: string;
}

/** The workspace's own pages. */
export const PLACES: Place[] = [
  { name: 'Projects', to: '/', Icon: ProjectsIcon, key: 'p' },
  { name: 'Tokens', to: '/tokens', Icon: TokenIcon, key: 't' },
  { name: 'Team', to: '/team', Icon: TeamIcon, key: 'm' },
  { name: 'Audit', to: '/audit', Icon: AuditIcon, key: 'a' },
  { name: 'Settings', to: '/settings', Icon: SettingsIcon, key: 's' },
];

export interface Tab {
  name: string;
  to: NonNullable<LinkProps['to']>;
  /** What somebody has to be allowed in the project to see anything there. */
  needs?: Action;
}

/** The pages of a project. */
export const PROJECT_TABS: Tab[] = [
  { name: 'Configs', to: '/p/$project' },
  { name: 'Compare', to: '/p/$project/compare' },
  { name: 'Access', to: '/p/$project/access', needs: 'workspace:project-members:read' },
  { name: 'Project settings', to: '/p/$project/settings' },
];

/** The pages of a config, beside which the project's stand. */
export const CONFIG_TABS: Tab[] = [
  { name: 'Secrets', to: '/p/$project/c/$config' },
  { name: 'History', to: '/p/$project/c/$config/history' },
  { name: 'Consumers', to: '/p/$project/c/$config/consumers', needs: 'configs:read' },
  { name: 'Settings', to: '/p/$project/c/$config/settings' },
];
