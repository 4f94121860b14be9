import { Tooltip } from '@mantine/core';
import { type ReactNode, type SyntheticEvent, useRef, useState } from 'react';

import classes from './IconButton.module.css';

const DELAY_MS = 400;

/** One tooltip for all that is in it and has a `data-tip`. */
export function Tips({ children }: { children: ReactNode }) {
  const [target, setTarget] = useState<HTMLElement | null>(null);
  const timer = useRef(0);
  const leave = () => {
    window.clearTimeout(timer.current);
    setTarget(null);
  };
  const enter = ({ target: at }: SyntheticEvent) => {
    const found = at instanceof Element ? at.closest<HTMLElement>('[data-tip]') : null;
    window.clearTimeout(timer.current);
    if (found !== target) setTarget(null);
    if (found !== null) timer.current = window.setTimeout(() => setTarget(found), DELAY_MS);
  };
  return (
    <div className={classes.tips} onMouseOver={enter} onMouseLeave={leave} onFocus={enter} onBlur={leave} onClick={leave}>
      {children}
      {target?.isConnected && <Tooltip opened target={target} label={target.dataset['tip']} />}
    </div>
  );
}
