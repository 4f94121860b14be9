import { ActionIcon, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { memo, type ReactNode } from 'react';

import { CopyIcon, EyeIcon, HideIcon, TrashIcon, UndoIcon } from '../../ui/icons.tsx';
import { When } from '../../ui/When.tsx';
import type { Row } from './drafts.ts';
import classes from './secrets.module.css';
import { ValueEditor } from './ValueEditor.tsx';

const DOTS = '••••••••••••';

/** What can be done with any row, by its key. */
export interface RowActions {
  reveal: (row: Row) => void;
  hide: () => void;
  copy: (row: Row) => void;
  edit: (row: Row) => void;
  keep: (key: string, value: string) => void;
  cancelEdit: () => void;
  remove: (key: string) => void;
  undo: (key: string) => void;
}

interface Props {
  row: Row;
  /** The value in clear, for as long as it is shown. */
  shown: string | null;
  /** The value that the editor begins with, for as long as it is open. */
  edited: string | null;
  /** Whether its editor was the last one, so that the keyboard goes on where it was. */
  wasEdited: boolean;
  actions: RowActions;
}

/** Memoised, since of a thousand rows one changes. */
export const SecretRow = memo(function SecretRow({ row, shown, edited, wasEdited, actions }: Props) {
  const { key, meta, draft } = row;
  const removed = draft?.kind === 'remove';
  return (
    <tr data-state={stateOf(row)}>
      <th scope="row" className={classes.key}>
        <span className={classes.mono}>{key}</span>
        {draft && <span className={classes.state}>{stateOf(row)}</span>}
      </th>
      <td className={classes.value}>
        {edited !== null ? (
          <ValueEditor
            name={key}
            initial={edited}
            note={meta?.inherited ? `Keeping it overrides ${meta.source}` : undefined}
            keep={(value) => actions.keep(key, value)}
            cancel={actions.cancelEdit}
          />
        ) : (
          <div className={classes.valueLine}>
            {shown !== null ? (
              <code className={classes.shown}>{shown === '' ? <em>empty</em> : shown}</code>
            ) : (
              <UnstyledButton
                className={classes.masked}
                aria-label={`Edit ${key}`}
                disabled={removed}
                autoFocus={wasEdited}
                onClick={() => actions.edit(row)}
              >
                {DOTS}
              </UnstyledButton>
            )}
            {!removed && (
              <span className={classes.valueActions}>
                {shown !== null ? (
                  <Action label={`Hide ${key}`} tip="Hide" onClick={actions.hide}>
                    <HideIcon />
                  </Action>
                ) : (
                  <Action label={`Reveal ${key}`} tip="Reveal for a minute; goes on record" onClick={() => actions.reveal(row)}>
                    <EyeIcon />
                  </Action>
                )}
                <Action label={`Copy ${key}`} tip="Copy without revealing; goes on record" onClick={() => actions.copy(row)}>
                  <CopyIcon />
                </Action>
              </span>
            )}
          </div>
        )}
      </td>
      <td className={classes.from}>
        <From row={row} />
      </td>
      <td className={classes.changed}>
        {meta && (
          <Text span size="sm" c="dimmed">
            <When at={meta.updatedAt} /> by {meta.updatedBy}
          </Text>
        )}
      </td>
      <td className={classes.actions}>
        {draft ? (
          <Action label={`Undo the change of ${key}`} tip="Undo this change" onClick={() => actions.undo(key)}>
            <UndoIcon />
          </Action>
        ) : (
          meta &&
          !meta.inherited && (
            <Action
              label={meta.overrides == null ? `Remove ${key}` : `Remove the override of ${key}`}
              tip={meta.overrides == null ? 'Remove' : `Remove the override: ${meta.overrides} counts again`}
              onClick={() => actions.remove(key)}
            >
              <TrashIcon />
            </Action>
          )
        )}
      </td>
    </tr>
  );
});

function stateOf({ meta, draft }: Row): string | undefined {
  if (draft === undefined) return undefined;
  if (draft.kind === 'remove') return 'removed';
  return meta === undefined || meta.inherited ? 'new' : 'changed';
}

function From({ row: { meta, draft } }: { row: Row }) {
  if (meta === undefined) return <span className={classes.origin}>● own</span>;
  if (meta.inherited && draft === undefined) return <span className={classes.origin}>○ {meta.source}</span>;
  const overridden = meta.inherited ? meta.source : meta.overrides;
  return (
    <span className={classes.origin}>
      ● own{overridden != null && <span className={classes.quiet}> overrides {overridden}</span>}
    </span>
  );
}

interface ActionProps {
  label: string;
  tip: string;
  onClick: () => void;
  children: ReactNode;
}

function Action({ label, tip, onClick, children }: ActionProps) {
  return (
    <Tooltip label={tip}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
