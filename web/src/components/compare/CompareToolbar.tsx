import { Button, Chip, Select, Text, TextInput } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useRef } from 'react';

import { SearchIcon } from '../../ui/icons.tsx';
import { takesKey } from '../../ui/keys.ts';
import { type CompareSearch, hiddenOf } from './address.ts';
import classes from './compare.module.css';

interface Props {
  configs: string[];
  search: CompareSearch;
  change: (change: { [name in keyof CompareSearch]?: CompareSearch[name] | undefined }) => void;
}

/** What narrows the grid. */
export function CompareToolbar({ configs, search, change }: Props) {
  const filter = useRef<HTMLInputElement>(null);
  useHotkeys([['/', (event) => takesKey(event) && filter.current?.focus(), { preventDefault: false }]], []);
  const hidden = hiddenOf(search).filter((slug) => configs.includes(slug));
  return (
    <div className={classes.toolbar}>
      <TextInput
        ref={filter}
        className={classes.filter ?? ''}
        aria-label="Filter keys"
        placeholder="Filter keys  /"
        leftSection={<SearchIcon />}
        autoComplete="off"
        spellCheck={false}
        value={search.filter ?? ''}
        onChange={(event) => change({ filter: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Escape') change({ filter: undefined });
        }}
      />
      <Chip size="xs" checked={search.differs ?? false} onChange={(isOn) => change({ differs: isOn ? true : undefined })}>
        Differs
      </Chip>
      <Select
        size="xs"
        className={classes.missing ?? ''}
        aria-label="Missing in"
        placeholder="Missing in…"
        clearable
        clearButtonProps={{ 'aria-label': 'Show all keys' }}
        searchable
        data={configs}
        value={search.missing !== undefined && configs.includes(search.missing) ? search.missing : null}
        onChange={(missing) => change({ missing: missing ?? undefined })}
      />
      {hidden.length > 0 && (
        <Button size="compact-sm" variant="subtle" onClick={() => change({ hide: undefined })}>
          Show {hidden.length === 1 ? hidden[0] : `${hidden.length} hidden configs`}
        </Button>
      )}
    </div>
  );
}

const SIGNS = [
  ['●', 'own'],
  ['○', 'inherited'],
  ['◐', 'overrides'],
  ['–', 'missing'],
  ['!', 'problem'],
] as const;

/** What the signs say. */
export function Legend() {
  return (
    <Text component="p" size="xs" c="dimmed" className={classes.legend}>
      {SIGNS.map(([sign, word]) => (
        <span key={sign}>
          <span aria-hidden="true">{sign}</span> {word}
        </span>
      ))}
      <span>Where the values of a row differ, equal ones have the same tint and letter.</span>
    </Text>
  );
}
