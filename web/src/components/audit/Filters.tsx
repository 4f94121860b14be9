import { Button, Group, Pill, Popover, SegmentedControl, Select, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { configsQuery, projectsQuery } from '../../api/queries.ts';
import { type AuditSearch, filtersOf, fromField, toField, without } from './address.ts';
import classes from './audit.module.css';
import { ACTIONS } from './words.ts';

interface Props {
  search: AuditSearch;
  /** Those of which one has to be chosen; all, and none of them, unless told. */
  projects: string[] | undefined;
  go: (search: AuditSearch) => void;
}

/** What narrows the record, each filter as something that can be taken away again. */
export function Filters({ search, projects, go }: Props) {
  const [isOpened, setIsOpened] = useState(false);
  const filters = filtersOf(search);
  return (
    <div className={classes.filters}>
      <Popover opened={isOpened} onDismiss={() => setIsOpened(false)} position="bottom-start" width={340} shadow="md" trapFocus withRoles={false}>
        <Popover.Target>
          <Button variant="default" size="xs" aria-haspopup="dialog" aria-expanded={isOpened} onClick={() => setIsOpened(!isOpened)}>
            Filter
          </Button>
        </Popover.Target>
        <Popover.Dropdown role="dialog" aria-label="Filter events">
          <FilterForm
            search={search}
            projects={projects}
            go={(next) => {
              setIsOpened(false);
              go(next);
            }}
          />
        </Popover.Dropdown>
      </Popover>
      {filters.map(({ name, words }) => (
        <Pill
          key={name}
          size="md"
          withRemoveButton={projects === undefined || name !== 'project'}
          removeButtonProps={{ 'aria-label': `Remove the filter ${words}`, tabIndex: 0, 'aria-hidden': false }}
          onRemove={() => go(without(search, name))}
        >
          {words}
        </Pill>
      ))}
      {filters.length > 1 && (
        <Button size="compact-xs" variant="subtle" onClick={() => go(search.live ? { live: true } : {})}>
          Clear
        </Button>
      )}
    </div>
  );
}

/** All filters at once, in words where there are some. */
function FilterForm({ search, projects: bound, go }: Props) {
  const [draft, setDraft] = useState<AuditSearch>(search);
  const all = useQuery(projectsQuery).data ?? [];
  const configs = useQuery({ ...configsQuery(draft.project ?? ''), enabled: draft.project !== undefined }).data ?? [];
  const set = (name: keyof AuditSearch, value: string | null | undefined) => {
    const rest = name === 'live' ? draft : without(draft, name);
    setDraft(value == null || value === '' ? rest : { ...rest, [name]: value });
  };
  const actions = Object.entries(ACTIONS).map(([value, label]) => ({ value, label }));
  // Dropdowns within the popover, so that a click in one is not one beside it.
  const within = { comboboxProps: { withinPortal: false }, size: 'xs', searchable: true, clearable: true } as const;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        go(draft);
      }}
    >
      <Stack gap="sm">
        <TextInput
          size="xs"
          label="Who"
          placeholder="A username, or a service token's name"
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          value={draft.actor ?? ''}
          onChange={(event) => set('actor', event.currentTarget.value)}
        />
        <Select {...within} label="Action" placeholder="Any" data={actions} value={draft.action ?? null} onChange={(value) => set('action', value)} />
        <Group grow gap="xs">
          <Select
            {...within}
            label="Project"
            placeholder="Any"
            clearable={bound === undefined}
            allowDeselect={bound === undefined}
            data={bound ?? all.map(({ slug }) => slug)}
            value={draft.project ?? null}
            onChange={(value) => set('project', value)}
          />
          <Select
            {...within}
            label="Config"
            placeholder="Any"
            disabled={draft.project === undefined}
            data={configs.map(({ slug }) => slug)}
            value={draft.config ?? null}
            onChange={(value) => set('config', value)}
          />
        </Group>
        <TextInput
          size="xs"
          label="Key"
          placeholder="DATABASE_URL"
          autoComplete="off"
          spellCheck={false}
          value={draft.key ?? ''}
          onChange={(event) => set('key', event.currentTarget.value.toUpperCase())}
        />
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label="Outcome"
          data={[
            { value: '', label: 'All' },
            { value: 'success', label: 'Done' },
            { value: 'failure', label: 'Refused' },
          ]}
          value={draft.outcome ?? ''}
          onChange={(value) => set('outcome', value)}
        />
        {(['since', 'until'] as const).map((name) => (
          <TextInput
            key={name}
            size="xs"
            type="datetime-local"
            label={name === 'since' ? 'From' : 'To'}
            value={toField(draft[name])}
            onChange={(event) => set(name, fromField(event.currentTarget.value))}
          />
        ))}
        <Group justify="flex-end">
          <Button type="submit" size="xs">
            Show events
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
