import { ActionIcon, Badge, Menu, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';

import { type Action, useMayIn } from '../../api/permissions.ts';
import { MoreIcon } from '../../ui/icons.tsx';
import { When } from '../../ui/When.tsx';
import { RevokeToken } from './RevokeToken.tsx';
import { RotateToken } from './RotateToken.tsx';
import classes from './tokens.module.css';
import { grantsOf, isMachine, lifeOf, nameOf, type Token } from './words.ts';

interface Props {
  tokens: Token[];
  /** Who is looking. */
  username: string;
}

type Doing = { token: Token; what: 'rotate' | 'revoke' } | null;

export function TokensTable({ tokens, username }: Props) {
  const [doing, setDoing] = useState<Doing>(null);
  const close = () => setDoing(null);
  return (
    <>
      {doing?.what === 'rotate' && <RotateToken token={doing.token} close={close} />}
      {doing?.what === 'revoke' && <RevokeToken token={doing.token} close={close} />}
      <table className={classes.table} aria-label="Tokens">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">May</th>
            <th scope="col">Last used</th>
            <th scope="col">Ends</th>
            <th scope="col">Made</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <TokenRow key={token.token_id} token={token} username={username} act={(what) => setDoing({ token, what })} />
          ))}
        </tbody>
      </table>
    </>
  );
}

interface RowProps {
  token: Token;
  username: string;
  act: (what: 'rotate' | 'revoke') => void;
}

function TokenRow({ token, username, act }: RowProps) {
  const life = lifeOf(token, new Date());
  const isOver = life === 'revoked' || life === 'expired';
  const name = nameOf(token);
  return (
    <tr className={isOver ? classes.over : undefined}>
      <th scope="row" className={classes.name}>
        <span className={classes.slug}>{name}</span>
        {!isMachine(token) && (
          <Badge size="xs" variant="outline" color="gray" tt="none" fw={500}>
            personal
          </Badge>
        )}
        {token.allowedCidrs.length > 0 && (
          <Text size="xs" c="dimmed" className={classes.addresses}>
            from {token.allowedCidrs.join(', ')} only
          </Text>
        )}
      </th>
      <td data-label="May" className={classes.may}>
        <Grants token={token} />
      </td>
      <td data-label="Last used">{token.last_used_at == null ? <Quiet>never</Quiet> : <When at={token.last_used_at} />}</td>
      <td data-label="Ends" data-life={life}>
        <End token={token} />
      </td>
      <td data-label="Made">
        <When at={token.created_at} />
        <Text size="xs" c="dimmed" className={classes.maker}>
          by {token.created_by}
        </Text>
      </td>
      <td className={classes.actions}>{!isOver && <Actions token={token} username={username} act={act} />}</td>
    </tr>
  );
}

function Grants({ token }: { token: Token }) {
  return grantsOf(token).map(({ may, places }) => (
    <div key={may}>
      {may} <Quiet>in {places.join(', ')}</Quiet>
    </div>
  ));
}

function End({ token }: { token: Token }) {
  switch (lifeOf(token, new Date())) {
    case 'revoked':
      return (
        <>
          revoked <When at={token.revoked_at ?? ''} />
        </>
      );
    case 'expired':
      return (
        <>
          expired <When at={token.expires_at ?? ''} />
        </>
      );
    default:
      return token.expires_at == null ? <Quiet>when revoked</Quiet> : <When at={token.expires_at} ahead />;
  }
}

function Quiet({ children }: { children: ReactNode }) {
  return <span className={classes.quiet}>{children}</span>;
}

/** What the looker may do to the token; nothing at all where that is nothing. */
function Actions({ token, username, act }: RowProps) {
  const may = useMayIn();
  const isOwn = token.subject_user === username;
  const everywhere = (action: Action) =>
    token.scopes.every(({ project, project_id }) => may(action, project_id == null ? null : (project ?? null)));
  const mayRotate = isOwn || (isMachine(token) && everywhere('tokens:write'));
  const mayRevoke = isOwn || everywhere('tokens:revoke');
  if (!mayRotate && !mayRevoke) return null;
  const name = nameOf(token);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${name}`}>
          <MoreIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {mayRotate && <Menu.Item onClick={() => act('rotate')}>Rotate…</Menu.Item>}
        {mayRevoke && (
          <Menu.Item color="red" onClick={() => act('revoke')}>
            Revoke…
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
