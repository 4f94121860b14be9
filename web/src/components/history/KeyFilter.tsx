import { Autocomplete } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import type { Place } from '../../api/history.ts';
import { keysQuery } from '../../api/queries.ts';
import { SearchIcon } from '../../ui/icons.tsx';
import classes from './history.module.css';

interface Props {
  place: Place;
  value: string | undefined;
  onChange: (key: string | undefined) => void;
}

/** Narrows the history to one key, also to one that is gone by now. */
export function KeyFilter({ place, value, onChange }: Props) {
  const keys = useQuery(keysQuery(place.project, place.config));
  const [text, setText] = useState(value ?? '');
  const own = Object.entries(keys.data?.meta ?? {}).filter(([, meta]) => !meta.inherited);
  const pick = (key: string) => onChange(key === '' ? undefined : key.toUpperCase());
  return (
    <Autocomplete
      className={classes.filter ?? ''}
      classNames={{ input: classes.mono ?? '', option: classes.mono ?? '' }}
      aria-label="Key"
      placeholder="All keys"
      leftSection={<SearchIcon />}
      autoComplete="off"
      spellCheck={false}
      maxLength={253}
      limit={100}
      clearable
      clearButtonProps={{ 'aria-label': 'Show all keys' }}
      data={own.map(([key]) => key)}
      value={text}
      onChange={(next) => {
        setText(next);
        if (next === '') pick('');
      }}
      onOptionSubmit={pick}
      onKeyDown={(event) => {
        if (event.key === 'Enter') pick(text.trim());
      }}
    />
  );
}
