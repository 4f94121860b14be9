import { useEffect, useRef } from 'react';

import type { Option } from './completion.ts';
import classes from './values.module.css';
import words from './words.module.css';

interface Props {
  id: string;
  options: Option[];
  active: number;
  choose: (option: Option) => void;
}

export function optionId(id: string, index: number): string {
  return `${id}-${index}`;
}

/** What may follow `${`. The field keeps the keyboard, and says which one is active. */
export function ReferenceList({ id, options, active, choose }: Props) {
  const current = useRef<HTMLLIElement>(null);
  useEffect(() => {
    current.current?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <ul id={id} role="listbox" aria-label="References" className={classes.references}>
      {options.map((option, index) => (
        <li
          key={option.text}
          id={optionId(id, index)}
          ref={index === active ? current : null}
          role="option"
          aria-selected={index === active}
          // Before the field loses the keyboard.
          onMouseDown={(event) => {
            event.preventDefault();
            choose(option);
          }}
        >
          {option.text}
          {!option.isWhole && <span className={words.quiet}>…</span>}
        </li>
      ))}
    </ul>
  );
}
