import { Text } from '@mantine/core';
import { memo, type Ref } from 'react';

import { IconButton } from '../../ui/IconButton.tsx';
import { CopyIcon, EyeIcon, HideIcon, MoreIcon, UndoIcon } from '../../ui/icons.tsx';
import { When } from '../../ui/When.tsx';
import { type Row, stateOf, wordsForProblem } from './drafts.ts';
import { From } from './From.tsx';
import type { Place } from './references.ts';
import classes from './table.module.css';
import words from './words.module.css';
import { ShownValue } from './ShownValue.tsx';
import type { Shown } from './useReveal.ts';
import { ValueEditor } from './ValueEditor.tsx';

const DOTS = '••••••••••••';

/** What can be done with any row. */
export interface RowActions {
  reveal: (row: Row) => void;
  hide: () => void;
  copy: (row: Row) => void;
  edit: (row: Row) => void;
  type: (text: string) => void;
  keep: () => void;
  cancelEdit: () => void;
  remove: (row: Row) => void;
  undo: (key: string) => void;
  openMenu: (row: Row, at: HTMLElement) => void;
}

interface Props {
  row: Row;
  place: Place;
  /** Its number among all rows, those that are not drawn included. */
  index: number;
  /** The one row that the keyboard gets to with Tab. */
  isCurrent: boolean;
  /** Whether somebody else just changed it. */
  isMarked: boolean;
  mayWrite: boolean;
  /** The value in clear, for as long as it is shown. */
  shown: Shown | undefined;
  /** The value that the editor begins with, for as long as it is open. */
  edited: string | undefined;
  actions: RowActions;
  ref: Ref<HTMLTableRowElement>;
}

/** Memoised, since of a thousand rows one changes. */
export const SecretRow = memo(function SecretRow(props: Props) {
  const { row, place, index, isCurrent, isMarked, mayWrite, shown, edited, actions, ref } = props;
  const { key, meta, draft } = row;
  const state = draft && stateOf(draft, meta);
  const tabIndex = isCurrent ? 0 : -1;
  return (
    <tr
      ref={ref}
      data-index={index}
      data-row={key}
      data-state={state}
      data-current={isCurrent || undefined}
      data-marked={isMarked || undefined}
      // The header is the first.
      aria-rowindex={index + 2}
      tabIndex={tabIndex}
    >
      <th scope="row" className={classes.key}>
        <span className={words.mono}>{key}</span>
        {state && <span className={words.state}>{state}</span>}
        {meta?.problem != null && <span className={classes.problem}>{wordsForProblem(meta.problem)}</span>}
      </th>
      <td className={classes.value} colSpan={edited === undefined ? 1 : 3}>
        {edited !== undefined ? (
          <ValueEditor
            name={key}
            place={place}
            initial={edited}
            overrides={meta?.inherited ? meta.source : null}
            type={actions.type}
            keep={actions.keep}
            cancel={actions.cancelEdit}
          />
        ) : (
          <div className={classes.valueLine}>
            {shown !== undefined ? (
              <ShownValue shown={shown} place={place} />
            ) : mayWrite && state !== 'removed' ? (
              <button
                type="button"
                className={classes.masked}
                aria-label={`Edit ${key}`}
                tabIndex={tabIndex}
                onClick={() => actions.edit(row)}
              >
                {DOTS}
              </button>
            ) : (
              <span className={classes.masked}>{DOTS}</span>
            )}
            {state !== 'removed' && (
              <span className={classes.valueActions}>
                {shown !== undefined ? (
                  <IconButton label={`Hide ${key}`} tip="Hide" tabIndex={tabIndex} onClick={actions.hide}>
                    <HideIcon />
                  </IconButton>
                ) : (
                  <IconButton
                    label={`Reveal ${key}`}
                    tip="Reveal for a minute; goes on record"
                    tabIndex={tabIndex}
                    onClick={() => actions.reveal(row)}
                  >
                    <EyeIcon />
                  </IconButton>
                )}
                <IconButton
                  label={`Copy ${key}`}
                  tip="Copy without revealing; goes on record"
                  tabIndex={tabIndex}
                  onClick={() => actions.copy(row)}
                >
                  <CopyIcon />
                </IconButton>
              </span>
            )}
          </div>
        )}
      </td>
      {edited === undefined && (
        <>
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
        </>
      )}
      <td className={classes.actions}>
        {draft && (
          <IconButton
            label={`Undo the change of ${key}`}
            tip="Undo this change"
            tabIndex={tabIndex}
            onClick={() => actions.undo(key)}
          >
            <UndoIcon />
          </IconButton>
        )}
        <IconButton
          label={`More for ${key}`}
          tip="More"
          aria-haspopup="menu"
          tabIndex={tabIndex}
          onClick={(event) => actions.openMenu(row, event.currentTarget)}
        >
          <MoreIcon />
        </IconButton>
      </td>
    </tr>
  );
});
