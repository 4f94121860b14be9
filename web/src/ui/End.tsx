import { useInViewport } from '@mantine/hooks';
import { useEffect } from 'react';

import classes from './End.module.css';

/** The end of what is there of a list. It asks for more before one gets to it. */
export function End({ reached }: { reached: () => void }) {
  const { ref, inViewport } = useInViewport<HTMLDivElement>();
  useEffect(() => {
    if (inViewport) reached();
  }, [inViewport, reached]);
  return <div ref={ref} className={classes.end} />;
}
