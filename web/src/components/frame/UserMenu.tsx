import { Button, Menu } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { signOut } from '../../session/requests.ts';
import classes from './frame.module.css';
import { useScheme } from './SchemeSwitch.tsx';

/** The account, and on phones what the header has no room for. */
export function UserMenu({ username, showShortcuts }: { username: string; showShortcuts: () => void }) {
  const scheme = useScheme();
  const leaving = useMutation({ mutationFn: signOut });
  return (
    <Menu position="bottom-end" width={180}>
      <Menu.Target>
        <Button variant="subtle" color="gray" className={classes.user} loading={leaving.isPending}>
          {username}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to="/account">
          Account
        </Menu.Item>
        <Menu.Item hiddenFrom="xs" onClick={scheme.change}>
          {scheme.name}
        </Menu.Item>
        <Menu.Item hiddenFrom="xs" onClick={showShortcuts}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item component="a" href="/api/docs">
          API
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => leaving.mutate()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
