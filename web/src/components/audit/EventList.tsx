import { UnstyledButton, VisuallyHidden } from '@mantine/core';
import { memo, useCallback, useState } from 'react';

import { type AuditEvent, idOf } from '../../api/audit.ts';
import { Who } from '../../ui/Who.tsx';
import { byDay } from '../record/days.ts';
import { Words } from '../record/Words.tsx';
import type { AuditSearch } from './address.ts';
import classes from './audit.module.css';
import { EventDetails } from './EventDetails.tsx';
import { isRefused, wordsForEvent } from './words.ts';

interface Props {
  events: AuditEvent[];
  narrow: (more: AuditSearch) => void;
}

/** What is on record, by days, newest first; each event can be opened for all that is known of it. */
export function EventList({ events, narrow }: Props) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback(
    (id: string) =>
      setOpened((before) => {
        const next = new Set(before);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    [],
  );
  return byDay(events, ({ ts }) => ts, new Date()).map(({ date, title, items }) => (
    <section key={date} aria-labelledby={`day-${date}`}>
      <h2 id={`day-${date}`} className={classes.day}>
        {title}
      </h2>
      <ol className={classes.list}>
        {items.map((event) => {
          const id = idOf(event);
          return <Item key={id} id={id} event={event} isOpened={opened.has(id)} toggle={toggle} narrow={narrow} />;
        })}
      </ol>
    </section>
  ));
}

interface ItemProps {
  id: string;
  event: AuditEvent;
  isOpened: boolean;
  toggle: (id: string) => void;
  narrow: (more: AuditSearch) => void;
}

/** Memoised, since others come in front of it. */
const Item = memo(function Item({ id, event, isOpened, toggle, narrow }: ItemProps) {
  const { ts, actor_id, actorKind, project_slug, config_slug, count, status_code } = event;
  const refused = isRefused(event);
  return (
    <li className={classes.item}>
      <UnstyledButton className={classes.row} aria-expanded={isOpened} onClick={() => toggle(id)}>
        <time dateTime={ts} className={classes.time} title={new Date(ts).toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'long' })}>
          {new Date(ts).toLocaleTimeString('en-GB')}
        </time>
        <span className={classes.by}>
          <Who name={actor_id} kind={actorKind} />
        </span>
        <span className={classes.what}>
          <Words words={wordsForEvent(event)} />
          {count > 1 && <span className={classes.quiet}> · {count} times</span>}
        </span>
        <span className={classes.where}>{[project_slug, config_slug].filter((slug) => slug != null).join(' / ')}</span>
        <span className={classes.outcome} data-refused={refused || undefined}>
          {refused ? `Refused ${status_code}` : <VisuallyHidden>Done</VisuallyHidden>}
        </span>
      </UnstyledButton>
      {isOpened && <EventDetails event={event} narrow={narrow} />}
    </li>
  );
});
