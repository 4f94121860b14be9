import { ActionIcon, Button, Menu, Text, Title, Tooltip } from '@mantine/core';

import type { Revision } from '../../api/history.ts';
import { MoreIcon } from '../../ui/icons.tsx';
import { When } from '../../ui/When.tsx';
import { Who } from '../../ui/Who.tsx';
import { wordsForRevision } from '../record/changes.ts';
import { byDay } from '../record/days.ts';
import { Words } from '../record/Words.tsx';
import classes from './history.module.css';

export interface RevisionActions {
  /** Shows what it changed, or what makes it differ from the one that is chosen. */
  difference: (revision: number) => void;
  /** Chooses one to compare another with. */
  choose: (revision: number) => void;
  pickKey: (key: string) => void;
  rollBack: (revision: number) => void;
  /** Shows what is on record of it, where that may be read. */
  record: ((at: string) => void) | undefined;
}

interface Props {
  revisions: Revision[];
  /** The one that another is to be compared with. */
  chosen: number | undefined;
  mayRollBack: boolean;
  actions: RevisionActions;
}

/** What was done to a config, by days, newest first. */
export function Timeline({ revisions, ...rest }: Props) {
  const newest = revisions[0]?.revision;
  return byDay(revisions, ({ at }) => at, new Date()).map(({ date, title, items }) => (
    <section key={date} aria-labelledby={`day-${date}`}>
      <Title order={2} id={`day-${date}`} className={classes.day}>
        {title}
      </Title>
      <ol className={classes.list}>
        {items.map((revision) => (
          <Item key={revision.revision} revision={revision} isNewest={revision.revision === newest} {...rest} />
        ))}
      </ol>
    </section>
  ));
}

interface ItemProps extends Omit<Props, 'revisions'> {
  revision: Revision;
  isNewest: boolean;
}

function Item({ revision: { revision, at, actor, actorKind, action, changes }, isNewest, chosen, mayRollBack, actions }: ItemProps) {
  return (
    <li className={classes.item} data-chosen={chosen === revision || undefined}>
      <span className={classes.number}>
        {revision}
        {isNewest && <span className={classes.now}>newest</span>}
      </span>
      <Text size="sm" className={classes.what}>
        <Words words={wordsForRevision(action, changes)} pick={actions.pickKey} />
      </Text>
      <span className={classes.by}>
        <Who name={actor} kind={actorKind} />
      </span>
      <span className={classes.when}>
        <When at={at} />
      </span>
      <span className={classes.actions}>
        {chosen === undefined ? (
          // Before its first revision there is nothing that it could differ from.
          !changes.some(({ kind }) => kind === 'config_added') && <Button size="compact-sm" variant="subtle" aria-label={`Show the changes of ${revision}`} onClick={() => actions.difference(revision)}>
            Changes
          </Button>
        ) : (
          <Button
            size="compact-sm"
            variant="light"
            disabled={chosen === revision}
            aria-label={`Compare ${revision} with ${chosen}`}
            onClick={() => actions.difference(revision)}
          >
            {chosen === revision ? 'Chosen' : 'Compare'}
          </Button>
        )}
        <More revision={revision} at={at} mayRollBack={mayRollBack && !isNewest} actions={actions} />
      </span>
    </li>
  );
}

interface MoreProps {
  revision: number;
  at: string;
  mayRollBack: boolean;
  actions: RevisionActions;
}

function More({ revision, at, mayRollBack, actions }: MoreProps) {
  const { record } = actions;
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <Tooltip label="More">
          <ActionIcon variant="subtle" color="gray" aria-label={`More for ${revision}`}>
            <MoreIcon />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => actions.choose(revision)}>Compare with another…</Menu.Item>
        {record && <Menu.Item onClick={() => record(at)}>Show it in the record</Menu.Item>}
        {mayRollBack && <Menu.Item onClick={() => actions.rollBack(revision)}>Roll back to {revision}…</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}
