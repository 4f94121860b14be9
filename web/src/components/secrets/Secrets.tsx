import { Button, Stack, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';

import { wordsFor } from '../../api/client.ts';
import { permissionsQuery, useMay } from '../../api/permissions.ts';
import { configsQuery, type Keys, keysQuery } from '../../api/queries.ts';
import { PlusIcon } from '../../ui/icons.tsx';
import { takesKey } from '../../ui/keys.ts';
import { PageHead } from '../../ui/PageHead.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { type Dialog, Dialogs } from './Dialogs.tsx';
import { conflictsOf, rowsOf, summary } from './drafts.ts';
import { EmptyConfig } from './EmptyConfig.tsx';
import { ExportMenu } from './ExportMenu.tsx';
import { LeaveGuard } from './LeaveGuard.tsx';
import type { Place } from './references.ts';
import { RowMenu } from './RowMenu.tsx';
import { SaveBar } from './SaveBar.tsx';
import classes from './dialogs.module.css';
import { SecretsTable } from './SecretsTable.tsx';
import { Toolbar, useFilter } from './Toolbar.tsx';
import { tellDiscarded } from './Undoable.tsx';
import { revealAll, useActions } from './useActions.ts';
import { useConfigKeys } from './useConfigKeys.ts';
import { useDrafts } from './useDrafts.ts';
import { useArriving, useImport } from './useImport.ts';
import { useMarks } from './useMarks.ts';
import { useReveal } from './useReveal.ts';
import { useCurrentRow, useRowKeys } from './useRowKeys.ts';
import { useSaving } from './useSaving.ts';
import { isLike, isOf, type View } from './view.ts';

interface Props extends Place {
  view: View;
  setView: (view: View) => void;
}

export function Secrets(props: Props) {
  const { project, config } = props;
  const keys = useQuery(keysQuery(project, config));
  const permissions = useQuery(permissionsQuery);
  // What may be done is known first, so that nothing is offered late.
  if (keys.isPending || permissions.isPending) return null;
  if (keys.data === undefined) {
    return <Problem title={`${project} / ${config} is not to be had`} error={keys.error} retry={() => void keys.refetch()} />;
  }
  return <Loaded keys={keys.data} {...props} />;
}

function Loaded({ project, config, view, setView, keys }: Props & { keys: Keys }) {
  const place = useMemo(() => ({ project, config }), [project, config]);
  const parent = useQuery(configsQuery(project)).data?.find(({ slug }) => slug === config)?.parentSlug;
  const may = useMay(project);
  const [mayWrite, mayRemove] = [may('secrets:write'), may('secrets:delete')];
  const { drafts, ...change } = useDrafts();
  const { revealed, reveal, hide } = useReveal();
  const { marked, mine } = useMarks(keys);
  const { current, setCurrent, goTo } = useCurrentRow();
  const { actions, editing, menu, closeMenu } = useActions(place, { ...change, reveal, hide }, goTo);
  const { filter, setFilter, setOrigin } = useFilter(view, setView);
  const { origin } = view;
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const coming = useImport(place);
  const isDroppedOn = useArriving(mayWrite, coming.open);
  const filterInput = useRef<HTMLInputElement>(null);
  const saving = useSaving(place, {
    mayUndo: mayRemove,
    begin: mine,
    saved: (sent, now) => {
      change.settle(sent, now);
      setDialog((open) => (open === 'review' ? null : open));
    },
  });

  const rows = useMemo(() => rowsOf(keys, drafts, editing?.key), [keys, drafts, editing?.key]);
  const visible = useMemo(
    () => rows.filter((row) => row.key === editing?.key || (isOf(origin, row) && isLike(filter, row))),
    [rows, origin, filter, editing?.key],
  );
  // What is just being saved is heard of before the answer is here.
  const conflicts = useMemo(
    () => (saving.isPending ? [] : conflictsOf(keys, drafts)),
    [saving.isPending, keys, drafts],
  );
  // A refusal is about what was sent, and no longer true of what was typed since.
  const refusal = saving.isError && saving.variables.drafts === drafts ? wordsFor(saving.error) : null;
  const save = () => {
    if (drafts.size === 0 || conflicts.length > 0 || saving.isPending) return;
    // What was saved is not kept.
    saving.mutate({ drafts, on: keys }, { onSuccess: () => saving.reset() });
  };

  const saveByKey = () => {
    // What is typed is among the changes first, and seen there.
    if (editing !== null) actions.keep();
    else if (coming.source === null && (dialog === null || dialog === 'review')) save();
  };
  const asTold = { preventDefault: false };
  // The browser finds nothing in rows that are not drawn.
  const find = (event: KeyboardEvent) => {
    if (filterInput.current === null || document.querySelector('[role=dialog]') !== null) return;
    event.preventDefault();
    filterInput.current.select();
  };
  useHotkeys(
    [
      ['mod+F', find, asTold],
      ['/', (event) => takesKey(event) && filterInput.current?.focus(), asTold],
      ['n', (event) => mayWrite && takesKey(event) && setDialog('add'), asTold],
      ['mod+S', saveByKey],
    ],
    [],
  );
  useConfigKeys(place);
  const onKeyDown = useRowKeys({ rows: visible, revealed, mayWrite, actions }, current, goTo);

  return (
    <Stack gap="md">
      <LeaveGuard isUnsaved={drafts.size > 0 || editing !== null} />
      <Dialogs
        dialog={dialog}
        place={place}
        keys={keys}
        drafts={drafts}
        conflicts={conflicts}
        isSaving={saving.isPending}
        change={change}
        coming={coming}
        save={save}
        close={() => setDialog(null)}
      />
      {menu !== null && (
        <RowMenu
          menu={menu}
          place={place}
          mayWrite={mayWrite}
          mayRemove={mayRemove}
          actions={actions}
          rename={(row) => setDialog({ rename: row })}
          close={closeMenu}
        />
      )}
      {isDroppedOn && (
        <div className={classes.drop} aria-hidden="true">
          Drop the file to see what it would change in {config}
        </div>
      )}
      <PageHead
        title={config}
        about={`${parent == null ? 'Inherits from nothing' : `Inherits from ${parent}`} · revision ${keys.revision}`}
      />
      {rows.length === 0 ? (
        <EmptyConfig
          place={place}
          mayWrite={mayWrite}
          mayInherit={may('configs:write')}
          importFile={() => coming.open('')}
          inherit={() => setDialog('inherit')}
          add={() => setDialog('add')}
        />
      ) : (
        <>
          <Toolbar
            ref={filterInput}
            rows={rows}
            filter={filter}
            origin={origin}
            setFilter={setFilter}
            setOrigin={setOrigin}
            enter={() => visible[0] && goTo(visible[0].key)}
          >
            {mayWrite && (
              <Button variant="default" onClick={() => coming.open('')}>
                Import
              </Button>
            )}
            {may('secrets:export') && (
              <ExportMenu place={place} hasDrafts={drafts.size > 0} revealAll={() => revealAll(place, rows, reveal)} />
            )}
            {mayWrite && (
              <Button leftSection={<PlusIcon />} onClick={() => setDialog('add')}>
                Add
              </Button>
            )}
          </Toolbar>
          {visible.length === 0 ? (
            <Text c="dimmed" py="lg">
              No key is like that.
            </Text>
          ) : (
            <SecretsTable
              rows={visible}
              place={place}
              mayWrite={mayWrite}
              revealed={revealed}
              editing={editing}
              current={current}
              marked={marked}
              actions={actions}
              onCurrent={setCurrent}
              onKeyDown={onKeyDown}
            />
          )}
        </>
      )}
      {drafts.size > 0 && (
        <SaveBar
          place={place}
          summary={summary(keys, drafts)}
          count={drafts.size}
          conflicts={conflicts}
          refusal={refusal}
          isSaving={saving.isPending}
          review={() => setDialog('review')}
          save={save}
          discard={() => {
            hide();
            change.clear();
            tellDiscarded(drafts, change.restore);
          }}
        />
      )}
    </Stack>
  );
}
