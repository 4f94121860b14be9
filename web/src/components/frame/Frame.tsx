import { ActionIcon, Anchor, Group, Kbd, Tooltip, UnstyledButton } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { Schemas } from '../../api/client.ts';
import { HelpIcon, LockIcon, SearchIcon } from '../../ui/icons.tsx';
import { takesKey } from '../../ui/keys.ts';
import { useSequences } from '../../ui/useSequences.ts';
import { InsecureNote } from '../InsecureNote.tsx';
import classes from './frame.module.css';
import { LiveSign } from './LiveSign.tsx';
import { Palette } from './Palette.tsx';
import { PlacePath } from './PlacePath.tsx';
import { PLACES } from './places.ts';
import { PlaceTabs } from './PlaceTabs.tsx';
import { Rail } from './Rail.tsx';
import { SchemeSwitch } from './SchemeSwitch.tsx';
import { ShortcutList } from './ShortcutList.tsx';
import { UserMenu } from './UserMenu.tsx';

export function Frame({ me, children }: { me: Schemas['Me']; children: ReactNode }) {
  const navigate = useNavigate();
  const [isListed, list] = useDisclosure();
  const [isSearching, search] = useDisclosure();
  useHotkeys([['mod+K', search.open]], []);
  useHotkeys([['shift+?', (event) => takesKey(event) && list.open(), { preventDefault: false, usePhysicalKeys: false }]], []);
  useSequences('g', Object.fromEntries(PLACES.map(({ key, to }) => [key, () => void navigate({ to })])));
  return (
    <div className={classes.frame}>
      <a className={classes.skip} href="#content">
        Skip to the content
      </a>
      <header className={classes.header}>
        <Anchor component={Link} to="/" className={classes.home} c="inherit" underline="never" aria-label="All projects">
          <LockIcon />
        </Anchor>
        <PlacePath />
        <Group gap={4} ml="auto" wrap="nowrap">
          <UnstyledButton className={classes.search} aria-label="Search or jump to" aria-keyshortcuts="Control+K" onClick={search.open}>
            <SearchIcon />
            <span className={classes.searchText}>Search or jump…</span>
            <Kbd size="xs" className={classes.searchText}>
              {/Mac|iP/.test(navigator.userAgent) ? '⌘ K' : 'Ctrl K'}
            </Kbd>
          </UnstyledButton>
          <LiveSign />
          <Tooltip label="Keyboard shortcuts">
            <ActionIcon variant="subtle" color="gray" size="lg" visibleFrom="xs" aria-label="Keyboard shortcuts" onClick={list.open}>
              <HelpIcon />
            </ActionIcon>
          </Tooltip>
          <SchemeSwitch />
          <UserMenu username={me.username} showShortcuts={list.open} />
        </Group>
      </header>
      <InsecureNote />
      <div className={classes.body}>
        <Rail />
        <div className={classes.page}>
          <PlaceTabs />
          <main id="content" className={classes.content} tabIndex={-1}>
            {children}
          </main>
        </div>
      </div>
      <ShortcutList opened={isListed} close={list.close} />
      {isSearching && <Palette close={search.close} showShortcuts={list.open} />}
    </div>
  );
}
