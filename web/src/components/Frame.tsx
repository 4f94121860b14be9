import { ActionIcon, Anchor, Button, Group, Menu, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { Schemas } from '../api/client.ts';
import { signOut } from '../session/requests.ts';
import { ContrastIcon, LockIcon } from '../ui/icons.tsx';
import classes from './Frame.module.css';
import { InsecureNote } from './InsecureNote.tsx';
import { PlacePath } from './PlacePath.tsx';

export function Frame({ me, children }: { me: Schemas['Me']; children: ReactNode }) {
  return (
    <div className={classes.frame}>
      <a className={classes.skip} href="#content">
        Skip to the content
      </a>
      <header className={classes.header}>
        <Anchor component={Link} to="/" className={classes.home} c="inherit" underline="never" aria-label="All projects">
          <LockIcon />
          <span className={classes.name}>Secrets</span>
        </Anchor>
        <PlacePath />
        <Group gap={4} ml="auto" wrap="nowrap">
          <SchemeSwitch />
          <UserMenu username={me.username} />
        </Group>
      </header>
      <InsecureNote />
      <main id="content" className={classes.content} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme('light') === 'light' ? 'dark' : 'light';
  return (
    <Tooltip label={`Use ${other} colours`}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Use ${other} colours`} onClick={() => setColorScheme(other)}>
        <ContrastIcon />
      </ActionIcon>
    </Tooltip>
  );
}

function UserMenu({ username }: { username: string }) {
  const leaving = useMutation({ mutationFn: signOut });
  return (
    <Menu position="bottom-end" width={180}>
      <Menu.Target>
        <Button variant="subtle" color="gray" className={classes.user} loading={leaving.isPending}>
          {username}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href="/api/docs">
          API
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => leaving.mutate()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
