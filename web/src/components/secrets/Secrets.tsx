import { Button, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';

import { answered, api, Refusal, wordsFor } from '../../api/client.ts';
import { configsQuery, type Keys, keysQuery, readValue } from '../../api/queries.ts';
import { PlusIcon, SearchIcon } from '../../ui/icons.tsx';
import { takesKey } from '../../ui/keys.ts';
import { Problem } from '../../ui/Problem.tsx';
import { AddSecret } from './AddSecret.tsx';
import { conflictOf, type Drafts, isOf, type Origin, patchOf, type Row, rowsOf, summary } from './drafts.ts';
import { LeaveGuard } from './LeaveGuard.tsx';
import { SaveBar } from './SaveBar.tsx';
import type { RowActions } from './SecretRow.tsx';
import classes from './secrets.module.css';
import { SecretsTable } from './SecretsTable.tsx';
import { useDrafts } from './useDrafts.ts';
import { useReveal } from './useReveal.ts';

interface Place {
  project: string;
  config: string;
}

interface Editing {
  key: string;
  initial: string;
}

export function Secrets({ project, config }: Place) {
  const keys = useQuery(keysQuery(project, config));
  const parent = useQuery(configsQuery(project)).data?.find(({ slug }) => slug === config)?.parentSlug;
  const { drafts, base, put, drop, clear } = useDrafts(keys.data);
  const { revealed, reveal, hide } = useReveal();
  const [editing, setEditing] = useState<Editing | null>(null);
  const [lastEdited, setLastEdited] = useState<string | null>(null);
  const [filter, setFilter] = useState('');
  const [origin, setOrigin] = useState<Origin>('all');
  const [isAdding, setIsAdding] = useState(false);
  const filterInput = useRef<HTMLInputElement>(null);
  const saving = useSaving({ project, config }, clear);

  const conflict = keys.data && base && drafts.size > 0 ? conflictOf(base, keys.data, drafts) : null;
  // A refusal is about what was sent, and no longer true of what was typed since.
  const refusal = saving.isError && saving.variables.drafts === drafts ? wordsFor(saving.error) : null;
  const save = (on: Keys | undefined) => {
    if (on !== undefined && drafts.size > 0 && !saving.isPending) saving.mutate({ drafts, etag: on.etag });
  };

  const asTold = { preventDefault: false };
  useHotkeys(
    [
      ['/', (event) => takesKey(event) && filterInput.current?.focus(), asTold],
      ['n', (event) => takesKey(event) && setIsAdding(true), asTold],
      ['mod+S', () => conflict === null && save(base)],
    ],
    [],
  );

  const actions = useMemo<RowActions>(() => {
    /** What is typed here counts before what the server has. */
    const valueOf = async ({ key, draft }: Row) =>
      draft?.kind === 'set' ? draft.value : readValue(project, config, key);
    const orTell = async (key: string, doing: string, act: () => Promise<void>) => {
      try {
        await act();
      } catch (error) {
        notifications.show({ color: 'red', title: `${key} could not be ${doing}`, message: wordsFor(error) });
      }
    };
    return {
      reveal: (row) =>
        void orTell(row.key, 'revealed', async () => {
          setLastEdited(null);
          reveal({ key: row.key, value: await valueOf(row) });
        }),
      hide,
      copy: (row) =>
        void orTell(row.key, 'copied', async () => {
          await navigator.clipboard.writeText(await valueOf(row));
          notifications.show({ message: `${row.key} is copied` });
        }),
      edit: (row) =>
        void orTell(row.key, 'opened', async () => {
          const initial = await valueOf(row);
          hide();
          setEditing({ key: row.key, initial });
        }),
      keep: (key, value) => {
        setEditing(null);
        setLastEdited(key);
        // A text field knows one kind of line's end only.
        if (editing?.initial.replaceAll('\r\n', '\n') !== value) put(key, { kind: 'set', value });
      },
      cancelEdit: () => {
        setLastEdited(editing?.key ?? null);
        setEditing(null);
      },
      remove: (key) => {
        hide();
        put(key, { kind: 'remove' });
      },
      undo: (key) => {
        hide();
        drop([key]);
      },
    };
  }, [project, config, editing, reveal, hide, put, drop]);

  if (keys.isPending) return null;
  if (keys.data === undefined) {
    return <Problem title={`${project} / ${config} is not to be had`} error={keys.error} retry={() => void keys.refetch()} />;
  }
  const rows = rowsOf(keys.data, drafts);
  const wanted = filter.trim().toUpperCase();
  const visible = rows.filter((row) => isOf(origin, row) && row.key.includes(wanted));
  return (
    <Stack gap="md">
      <LeaveGuard isUnsaved={drafts.size > 0 || editing !== null} />
      <AddSecret
        opened={isAdding}
        close={() => setIsAdding(false)}
        has={(key) => drafts.has(key) || keys.data.meta[key]?.inherited === false}
        add={(key, value) => put(key, { kind: 'set', value })}
      />
      <div>
        <Title order={1} size="h3">
          {config}
        </Title>
        <Text size="sm" c="dimmed">
          {parent == null ? 'Inherits from nothing' : `Inherits from ${parent}`} · revision {keys.data.revision}
        </Text>
      </div>
      {rows.length === 0 ? (
        <Stack gap="md" align="flex-start" maw={520} py="lg">
          <Text>
            No keys yet. What is the same everywhere belongs into a config that others inherit from; each of them can
            override it.
          </Text>
          <Button leftSection={<PlusIcon />} onClick={() => setIsAdding(true)}>
            Add a secret
          </Button>
        </Stack>
      ) : (
        <>
          <div className={classes.toolbar}>
            <TextInput
              ref={filterInput}
              className={classes.filter ?? ''}
              aria-label="Filter keys"
              placeholder="Filter keys  /"
              leftSection={<SearchIcon />}
              value={filter}
              onChange={(event) => setFilter(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === 'Escape') setFilter('');
              }}
            />
            <OriginFilter rows={rows} value={origin} onChange={setOrigin} />
            <Button className={classes.end ?? ''} leftSection={<PlusIcon />} onClick={() => setIsAdding(true)}>
              Add
            </Button>
          </div>
          {visible.length === 0 ? (
            <Text c="dimmed" py="lg">
              No key is like that.
            </Text>
          ) : (
            <SecretsTable
              rows={visible}
              revealed={revealed}
              editing={editing}
              lastEdited={lastEdited}
              actions={actions}
            />
          )}
        </>
      )}
      {drafts.size > 0 && base !== undefined && (
        <SaveBar
          summary={summary(base, drafts)}
          conflict={conflict}
          refusal={refusal}
          isSaving={saving.isPending}
          save={() => save(base)}
          saveOver={() => save(keys.data)}
          discard={() => {
            hide();
            clear();
          }}
          discardTheirs={drop}
        />
      )}
    </Stack>
  );
}

function OriginFilter(props: { rows: Row[]; value: Origin; onChange: (origin: Origin) => void }) {
  const { rows, value, onChange } = props;
  const option = (origin: Origin, name: string) => ({
    value: origin,
    label: `${name} ${rows.filter((row) => isOf(origin, row)).length}`,
  });
  return (
    <SegmentedControl<Origin>
      className={classes.origins ?? ''}
      aria-label="Origin"
      size="xs"
      data={[
        option('all', 'All'),
        option('own', 'Own'),
        option('inherited', 'Inherited'),
        option('overrides', 'Overrides'),
      ]}
      value={value}
      onChange={onChange}
    />
  );
}

/** Saves all drafts as one revision, on condition that nobody saved anything since they were begun. */
function useSaving({ project, config }: Place, saved: () => void) {
  const queries = useQueryClient();
  const { queryKey } = keysQuery(project, config);
  return useMutation({
    mutationFn: async ({ drafts, etag }: { drafts: Drafts; etag: string }) => {
      const params = { path: { project, config }, header: { 'If-Match': etag } };
      const body = patchOf(drafts);
      return (await answered(api.PATCH('/api/projects/{project}/configs/{config}/secrets', { params, body }))).data;
    },
    onSuccess: async ({ revision }) => {
      await queries.invalidateQueries({ queryKey });
      saved();
      notifications.show({ message: `Saved as revision ${revision}` });
    },
    onError: async (error) => {
      // What came between shows once it is loaded.
      if (error instanceof Refusal && error.status === 412) await queries.invalidateQueries({ queryKey });
    },
    // What it was called with holds values.
    gcTime: 0,
  });
}
