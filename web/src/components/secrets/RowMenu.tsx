import { Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useNavigate } from '@tanstack/react-router';

import { useMay } from '../../api/permissions.ts';
import type { Row } from './drafts.ts';
import type { Place } from './references.ts';
import type { RowActions } from './SecretRow.tsx';
import classes from './table.module.css';
import { orTell } from './useActions.ts';

export interface MenuAt {
  row: Row;
  at: HTMLElement;
}

interface Props {
  menu: MenuAt;
  place: Place;
  mayWrite: boolean;
  mayRemove: boolean;
  actions: RowActions;
  rename: (row: Row) => void;
  close: () => void;
}

/** One menu for whichever row it was asked for: thousands of rows have none of their own. */
export function RowMenu({ menu: { row, at }, place, mayWrite, mayRemove, actions, rename, close }: Props) {
  const navigate = useNavigate();
  const mayAudit = useMay(place.project)('audit:read');
  const { key, meta, draft } = row;
  const isOwn = meta !== undefined && !meta.inherited;
  const isRemoved = draft?.kind === 'remove';
  const mayEdit = mayWrite && !isRemoved;
  const box = at.getBoundingClientRect();
  return (
    <Menu opened onClose={close} position="bottom-end" width={230} returnFocus={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <button
          type="button"
          tabIndex={-1}
          aria-label={`More for ${key}`}
          className={classes.menuAnchor}
          style={{ top: box.top + window.scrollY, left: box.left + window.scrollX, width: box.width, height: box.height }}
        />
      </Menu.Target>
      <Menu.Dropdown aria-label={`More for ${key}`}>
        {mayEdit && <Menu.Item onClick={() => actions.edit(row)}>Edit</Menu.Item>}
        {mayEdit && mayRemove && isOwn && <Menu.Item onClick={() => rename(row)}>Rename…</Menu.Item>}
        <Menu.Item
          onClick={() =>
            void orTell('The name could not be copied', async () => {
              await navigator.clipboard.writeText(key);
              notifications.show({ message: `The name ${key} is copied` });
            })
          }
        >
          Copy name
        </Menu.Item>
        {!isRemoved && <Menu.Item onClick={() => actions.copy(row)}>Copy value</Menu.Item>}
        {meta !== undefined && (
          <Menu.Item
            onClick={() => void navigate({ to: '/p/$project/c/$config/history', params: place, search: { key } })}
          >
            History of this key
          </Menu.Item>
        )}
        {meta !== undefined && mayAudit && (
          <Menu.Item onClick={() => void navigate({ to: '/audit', search: { ...place, key } })}>Events of this key</Menu.Item>
        )}
        {(draft !== undefined || (mayRemove && isOwn)) && <Menu.Divider />}
        {draft !== undefined && <Menu.Item onClick={() => actions.undo(key)}>Undo this change</Menu.Item>}
        {mayRemove && isOwn && !isRemoved && (
          <Menu.Item c="var(--mantine-color-error)" onClick={() => actions.remove(row)}>
            {meta.overrides == null ? 'Remove' : `Remove override; ${meta.overrides} counts again`}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
