import { ActionIcon, Badge, Menu } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { useMay } from '../../api/permissions.ts';
import type { Member } from '../../api/team.ts';
import { MoreIcon } from '../../ui/icons.tsx';
import classes from '../../ui/list.module.css';
import { When } from '../../ui/When.tsx';
import { ChangeRole, DisableMember, EditMember, EnableMember } from './MemberDialogs.tsx';
import { workspaceRole } from './roles.ts';

type Doing = { member: Member; Dialog: typeof ChangeRole } | null;

/** The people of the workspace. `username` is who is looking. */
export function MembersTable({ members, username }: { members: Member[]; username: string }) {
  const [doing, setDoing] = useState<Doing>(null);
  return (
    <>
      {doing !== null && <doing.Dialog member={doing.member} close={() => setDoing(null)} />}
      <table className={classes.table} aria-label="Members">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Role</th>
            <th scope="col">E-mail</th>
            <th scope="col">Since</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {members.map((member) => (
            <tr key={member.username} className={member.disabled ? classes.over : undefined}>
              <th scope="row">
                <span className={classes.name}>{member.username}</span>{' '}
                {member.fullName != null && <span className={classes.quiet}>{member.fullName}</span>}{' '}
                {member.username === username && <span className={classes.quiet}>(you)</span>}{' '}
                {member.disabled && (
                  <Badge size="sm" variant="outline" color="gray">
                    Disabled
                  </Badge>
                )}
              </th>
              <td>{workspaceRole(member.workspaceRole)}</td>
              <td className={classes.words}>{member.email}</td>
              <td data-label="since">
                <When at={member.createdAt} />
              </td>
              <td className={classes.actions}>
                <Actions member={member} isMe={member.username === username} act={(Dialog) => setDoing({ member, Dialog })} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

interface ActionsProps {
  member: Member;
  isMe: boolean;
  act: (dialog: typeof ChangeRole) => void;
}

function Actions({ member: { username, disabled }, isMe, act }: ActionsProps) {
  const mayManage = useMay()('workspace:members:manage');
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${username}`}>
          <MoreIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item renderRoot={(props) => <Link to="/team/access" search={{ user: username }} {...props} />}>
          What may {username} do?
        </Menu.Item>
        {mayManage && (
          <>
            <Menu.Item onClick={() => act(ChangeRole)}>Change role…</Menu.Item>
            <Menu.Item onClick={() => act(EditMember)}>Name and e-mail…</Menu.Item>
            {disabled && <Menu.Item onClick={() => act(EnableMember)}>Enable…</Menu.Item>}
            {!disabled && !isMe && (
              <Menu.Item color="red" onClick={() => act(DisableMember)}>
                Disable…
              </Menu.Item>
            )}
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
