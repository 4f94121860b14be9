import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';

import { auditSearch } from './components/audit/address.ts';
import { compareSearch } from './components/compare/address.ts';
import { consumersSearch } from './components/consumers/address.ts';
import { historySearch } from './components/history/address.ts';
import { viewOf } from './components/secrets/view.ts';
import { accessSearch } from './components/team/search.ts';
import { newTokenSearch, tokensSearch } from './components/tokens/search.ts';
import { Broken } from './pages/Broken.tsx';
import { NotFound } from './pages/NotFound.tsx';
import { Root } from './pages/Root.tsx';

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const projects = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: ({ find }): { find?: string | undefined } => (find == null || find === '' ? {} : { find: String(find) }),
  component: lazyRouteComponent(() => import('./pages/Projects.tsx'), 'Projects'),
});

const project = createRoute({
  getParentRoute: () => root,
  path: '/p/$project',
  component: lazyRouteComponent(() => import('./pages/Project.tsx'), 'Project'),
});

const config = createRoute({
  getParentRoute: () => root,
  path: '/p/$project/c/$config',
  validateSearch: viewOf,
  component: lazyRouteComponent(() => import('./pages/Config.tsx'), 'Config'),
});

const history = createRoute({
  getParentRoute: () => root,
  path: '/p/$project/c/$config/history',
  validateSearch: historySearch,
  component: lazyRouteComponent(() => import('./pages/History.tsx'), 'History'),
});

const consumers = createRoute({
  getParentRoute: () => root,
  path: '/p/$project/c/$config/consumers',
  validateSearch: consumersSearch,
  component: lazyRouteComponent(() => import('./pages/Consumers.tsx'), 'Consumers'),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: '/p/$project/compare',
  validateSearch: compareSearch,
  component: lazyRouteComponent(() => import('./pages/Compare.tsx'), 'Compare'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('./pages/Audit.tsx'), 'Audit'),
});

const tokens = createRoute({
  getParentRoute: () => root,
  path: '/tokens',
  validateSearch: tokensSearch,
  component: lazyRouteComponent(() => import('./pages/Tokens.tsx'), 'Tokens'),
});

const newToken = createRoute({
  getParentRoute: () => root,
  path: '/tokens/new',
  validateSearch: newTokenSearch,
  component: lazyRouteComponent(() => import('./pages/NewToken.tsx'), 'NewToken'),
});

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/Account.tsx'), 'Account'),
});

const team = createRoute({
  getParentRoute: () => root,
  path: '/team',
  component: lazyRouteComponent(() => import('./pages/Team.tsx'), 'Team'),
});

const groups = createRoute({
  getParentRoute: () => root,
  path: '/team/groups',
  component: lazyRouteComponent(() => import('./pages/Groups.tsx'), 'Groups'),
});

const teamAccess = createRoute({
  getParentRoute: () => root,
  path: '/team/access',
  validateSearch: accessSearch,
  component: lazyRouteComponent(() => import('./pages/TeamAccess.tsx'), 'TeamAccess'),
});

const projectAccess = createRoute({
  getParentRoute: () => root,
  path: '/p/$project/access',
  component: lazyRouteComponent(() => import('./pages/ProjectAccess.tsx'), 'ProjectAccess'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/Settings.tsx'), 'Settings'),
});

const projectSettings = createRoute({
  getParentRoute: () => root,
  path: '/p/$project/settings',
  component: lazyRouteComponent(() => import('./pages/ProjectSettings.tsx'), 'ProjectSettings'),
});

const configSettings = createRoute({
  getParentRoute: () => root,
  path: '/p/$project/c/$config/settings',
  component: lazyRouteComponent(() => import('./pages/ConfigSettings.tsx'), 'ConfigSettings'),
});

const tree = root.addChildren([
  projects,
  project,
  config,
  history,
  consumers,
  compare,
  audit,
  tokens,
  newToken,
  account,
  team,
  groups,
  teamAccess,
  projectAccess,
  settings,
  projectSettings,
  configSettings,
]);

export function makeRouter() {
  return createRouter({ routeTree: tree, defaultPreload: 'intent', defaultErrorComponent: Broken });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
