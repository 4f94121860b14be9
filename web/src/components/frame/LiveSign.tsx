import { Tooltip } from '@mantine/core';

import { useMaySomewhere } from '../../api/permissions.ts';
import { useLive } from '../../live/useLive.ts';
import classes from './frame.module.css';

/** Whether changes that others make appear by themselves. It never stands in the way. */
export function LiveSign() {
  // Only what somebody may read is told to them.
  return useMaySomewhere()('secrets:read') ? <Sign /> : null;
}

function Sign() {
  const { isLost } = useLive();
  const label = isLost
    ? 'The server cannot be reached just now; this page tries again by itself'
    : 'What others change appears by itself';
  return (
    <Tooltip label={label} multiline maw={260}>
      <span className={classes.live} aria-live="polite" data-lost={isLost || undefined}>
        <span aria-hidden="true" className={classes.dot} />
        <span className={classes.liveText}>{isLost ? 'Reconnecting' : 'Live'}</span>
      </span>
    </Tooltip>
  );
}
