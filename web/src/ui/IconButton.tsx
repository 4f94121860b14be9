import type { ButtonHTMLAttributes, ReactNode } from 'react';

import classes from './IconButton.module.css';

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  label: string;
  /** What `Tips` says of it. */
  tip: string;
  children: ReactNode;
}

/** A plain button with an icon, for lists so long that a component with a tooltip of its own in each row is felt. */
export function IconButton({ label, tip, children, ...rest }: Props) {
  return (
    <button type="button" className={classes.button} aria-label={label} data-tip={tip} {...rest}>
      {children}
    </button>
  );
}
