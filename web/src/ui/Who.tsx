import { VisuallyHidden } from '@mantine/core';

import { MachineIcon, PersonIcon } from './icons.tsx';
import classes from './Who.module.css';

interface Props {
  name: string;
  /** `user`, `service`, `system` or `anonymous`. */
  kind: string;
}

/** Somebody or something that did something: people are told from machines. */
export function Who({ name, kind }: Props) {
  const isPerson = kind === 'user' || kind === 'anonymous';
  return (
    <span className={classes.who} title={isPerson ? name : `${name}, a machine`}>
      {isPerson ? <PersonIcon /> : <MachineIcon />}
      <span className={classes.name}>{name}</span>
      {!isPerson && <VisuallyHidden>, a machine</VisuallyHidden>}
    </span>
  );
}
