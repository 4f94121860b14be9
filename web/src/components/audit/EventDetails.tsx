import { Anchor, Button, Group } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { AuditEvent } from '../../api/audit.ts';
import { CopyButton } from '../../ui/CopyButton.tsx';
import { textOf, wordsForRevision } from '../record/changes.ts';
import { type AuditSearch, exact } from './address.ts';
import classes from './audit.module.css';

interface Props {
  event: AuditEvent;
  /** Shows only what is like this. */
  narrow: (more: AuditSearch) => void;
}

const KINDS: Record<string, string> = {
  user: 'a person',
  service: 'a machine, with a service token',
  system: 'the server itself',
  anonymous: 'nobody that is known',
};

/** All that is known of an event. */
export function EventDetails({ event, narrow }: Props) {
  const { ts, lastTs, count, actor_id, actorKind, token_id, action, project_slug, config_slug, key, seq, changes } = event;
  const request = [event.method, event.path].filter((part) => part != null).join(' ');
  return (
    <div className={classes.details}>
      <dl>
        <Fact name="Time" text={count > 1 ? `${exact(ts)}, the last of ${count} times at ${exact(lastTs)}` : exact(ts)} copy={ts} />
        <Fact name="Who" text={`${actor_id}, ${KINDS[actorKind] ?? actorKind}`} copy={actor_id} />
        <Fact name="Token" text={token_id} />
        <Fact name="Action" text={action} />
        <Fact name="Address" text={event.ip} />
        <Fact name="Client" text={event.user_agent} />
        <Fact name="Request" text={request === '' ? null : `${request} → ${event.status_code}`} copy={event.path} />
        <Fact name="Request id" text={event.requestId} />
        <Fact name="Took" text={event.latency_ms == null ? null : `${event.latency_ms} ms`} isCopied={false} />
        <Fact name="Sequence" text={seq == null ? null : String(seq)} />
        {changes.length > 0 && <Fact name="Changes" text={wordsForChanges(event)} />}
        {event.imported && <Fact name="Vouched for" text="by version 1.4 alone, whose record it is from" isCopied={false} />}
      </dl>
      <Group gap="xs">
        <Only words={`by ${actor_id}`} narrow={() => narrow({ actor: actor_id })} />
        <Only words={action} narrow={() => narrow({ action })} />
        {project_slug != null && key != null && (
          <Only
            words={key}
            narrow={() => narrow({ project: project_slug, key, ...(config_slug == null ? {} : { config: config_slug }) })}
          />
        )}
        {seq != null && project_slug != null && config_slug != null && changes.some(({ kind }) => kind.startsWith('secret_')) && (
          <Anchor
            size="sm"
            component={Link}
            to={`/p/${project_slug}/c/${config_slug}/history?from=${seq - 1}&to=${seq}`}
          >
            What it changed
          </Anchor>
        )}
      </Group>
    </div>
  );
}

/** All of the changes: those of keys as a sentence, others by what they are called. */
function wordsForChanges({ action, changes }: AuditEvent): string {
  const isOfKeys = changes.every(({ kind }) => kind.startsWith('secret_') || kind.startsWith('config_'));
  if (isOfKeys) return textOf(wordsForRevision(action, changes, Infinity));
  return [...new Set(changes.map(({ kind }) => kind.replaceAll('_', ' ')))].join(', ');
}

interface FactProps {
  name: string;
  text: string | null | undefined;
  /** What is copied, where it is not the text. */
  copy?: string | null | undefined;
  isCopied?: boolean;
}

function Fact({ name, text, copy, isCopied = true }: FactProps): ReactNode {
  if (text == null) return null;
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>
        <span>{text}</span>
        {isCopied && <CopyButton text={copy ?? text} what={name.toLowerCase()} />}
      </dd>
    </div>
  );
}

function Only({ words, narrow }: { words: string; narrow: () => void }) {
  return (
    <Button size="compact-xs" variant="default" onClick={narrow}>
      Only {words}
    </Button>
  );
}
