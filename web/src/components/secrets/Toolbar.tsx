import { SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { type ReactNode, type Ref, useState } from 'react';

import { SearchIcon } from '../../ui/icons.tsx';
import type { Row } from './drafts.ts';
import classes from './secrets.module.css';
import { isOf, type Origin, type View } from './view.ts';

interface Props {
  rows: Row[];
  filter: string;
  origin: Origin | undefined;
  setFilter: (filter: string) => void;
  setOrigin: (origin: Origin | undefined) => void;
  /** Goes from the filter to the rows. */
  enter: () => void;
  ref: Ref<HTMLInputElement>;
  children: ReactNode;
}

export function Toolbar({ rows, filter, origin, setFilter, setOrigin, enter, ref, children }: Props) {
  return (
    <div className={classes.toolbar}>
      <TextInput
        ref={ref}
        type="search"
        className={classes.filter ?? ''}
        aria-label="Filter keys"
        placeholder="Filter keys  /"
        leftSection={<SearchIcon />}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.preventDefault();
            if (filter === '') event.currentTarget.blur();
            else setFilter('');
          }
          if (event.key === 'Enter' || event.key === 'ArrowDown') {
            event.preventDefault();
            enter();
          }
        }}
      />
      <OriginFilter rows={rows} value={origin} onChange={setOrigin} />
      <div className={classes.end}>{children}</div>
    </div>
  );
}

function OriginFilter(props: { rows: Row[]; value: Origin | undefined; onChange: (origin: Origin | undefined) => void }) {
  const { rows, value, onChange } = props;
  const count = (origin: Origin | undefined) => rows.filter((row) => isOf(origin, row)).length;
  const option = (origin: Origin | undefined, name: string): { value: Origin | 'all'; label: string } => ({
    value: origin ?? 'all',
    label: `${name} ${count(origin)}`,
  });
  return (
    <SegmentedControl<Origin | 'all'>
      className={classes.origins ?? ''}
      aria-label="Origin"
      size="xs"
      data={[
        option(undefined, 'All'),
        option('own', 'Own'),
        option('inherited', 'Inherited'),
        option('overrides', 'Overrides'),
        ...(count('problems') > 0 || value === 'problems' ? [option('problems', 'Problems')] : []),
      ]}
      value={value ?? 'all'}
      onChange={(next) => onChange(next === 'all' ? undefined : next)}
    />
  );
}

/** What is typed into the filter, a moment before the address has it, too. */
export function useFilter({ filter = '', origin }: View, setView: (view: View) => void) {
  const [text, setText] = useState(filter);
  const [seen, setSeen] = useState(filter);
  const [written, setWritten] = useState(filter);
  if (filter !== seen) {
    setSeen(filter);
    // It was changed by something else than the field, such as a link to a key.
    if (filter !== written) {
      setWritten(filter);
      setText(filter);
    }
  }
  const view = (filter: string, origin: Origin | undefined): View => ({
    ...(filter === '' ? {} : { filter }),
    ...(origin === undefined ? {} : { origin }),
  });
  const write = useDebouncedCallback((filter: string) => {
    setWritten(filter);
    setView(view(filter, origin));
  }, 200);
  return {
    filter: text,
    setFilter: (next: string) => {
      setText(next);
      write(next);
    },
    setOrigin: (next: Origin | undefined) => {
      setWritten(text);
      setView(view(text, next));
    },
  };
}
