import { VisuallyHidden } from '@mantine/core';

import type { Action } from '../../api/permissions.ts';
import { ACTIONS, nounOf, wordsForAction } from '../../ui/actions.ts';
import { CheckIcon } from '../../ui/icons.tsx';
import classes from './team.module.css';

/** Actions that are about the workspace and no project. */
const OF_THE_WORKSPACE: Action[] = ACTIONS.filter(
  (action) => action === 'users:manage' || (action.startsWith('workspace:') && !action.includes('project-members')),
);
const IN_PROJECTS = ACTIONS.filter((action) => !OF_THE_WORKSPACE.includes(action));

interface Props {
  allowed: readonly string[];
  /** Where: in a project, or in the workspace as a whole. */
  of: 'project' | 'workspace';
}

/** Each thing that can be done, and whether somebody may. */
export function Allowed({ allowed, of }: Props) {
  const all = of === 'project' ? IN_PROJECTS : OF_THE_WORKSPACE;
  const nouns = [...new Set(all.map(nounOf))];
  return (
    <ul className={classes.allowed}>
      {nouns.map((noun) => (
        <li key={noun}>
          {all
            .filter((action) => nounOf(action) === noun)
            .map((action) => (
              <OneAction key={action} action={action} isAllowed={allowed.includes(action)} />
            ))}
        </li>
      ))}
    </ul>
  );
}

function OneAction({ action, isAllowed }: { action: Action; isAllowed: boolean }) {
  return (
    <div className={classes.action} data-allowed={isAllowed}>
      <span className={classes.sign} aria-hidden="true">
        {isAllowed ? <CheckIcon /> : '–'}
      </span>
      <VisuallyHidden>{isAllowed ? 'May ' : 'May not '}</VisuallyHidden>
      {wordsForAction(action)}
    </div>
  );
}
