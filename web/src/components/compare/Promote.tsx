import { Anchor, Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { Refusal, type Schemas, wordsFor } from '../../api/client.ts';
import { promote, type Promotion, promotionQuery } from '../../api/compare.ts';
import { Problem } from '../../ui/Problem.tsx';
import classes from './compare.module.css';
import { count, summaryOf } from './promotion.ts';

/** What is to be promoted, of which the places may still be chosen. */
export interface Wish {
  keys: string[];
  from?: string;
  to?: string;
}

interface Props {
  project: string;
  configs: string[];
  /** Nothing is asked without one. */
  wish: Wish | null;
  close: () => void;
}

/** Sets the values of one config in another, once it is seen what that means there. */
export function Promote({ wish, close, ...rest }: Props) {
  const title = wish === null ? '' : `Promote ${wish.keys.length === 1 ? wish.keys[0] : count(wish.keys.length, 'key')}`;
  return (
    <Modal opened={wish !== null} onClose={close} size="lg" title={title}>
      {wish !== null && <Content wish={wish} close={close} {...rest} />}
    </Modal>
  );
}

function Content({ project, configs, wish, close }: Omit<Props, 'wish'> & { wish: Wish }) {
  const [from, setFrom] = useState<string | null>(wish.from ?? null);
  const [to, setTo] = useState<string | null>(wish.to ?? null);
  const [done, setDone] = useState<{ to: string; answer: Schemas['ManyWritten'] } | null>(null);
  if (done !== null) return <Done project={project} {...done} close={close} />;
  const promotion = from !== null && to !== null && from !== to ? { from, to, keys: wish.keys } : null;
  return (
    <Stack gap="md">
      <Group grow align="flex-start">
        <Select label="From" placeholder="The config that has the values" searchable data={configs} value={from} onChange={setFrom} />
        <Select
          label="To"
          placeholder="The config that gets them"
          searchable
          data={configs.filter((slug) => slug !== from)}
          value={to}
          onChange={setTo}
        />
      </Group>
      {promotion === null ? (
        <Text size="sm" c="dimmed">
          Choose both configs to see what would change. Nothing is changed before you say so.
        </Text>
      ) : (
        <Preview
          key={`${from} ${to}`}
          project={project}
          promotion={promotion}
          close={close}
          done={(answer) => setDone({ to: promotion.to, answer })}
        />
      )}
    </Stack>
  );
}

interface PreviewProps {
  project: string;
  promotion: Promotion;
  close: () => void;
  done: (answer: Schemas['ManyWritten']) => void;
}

function Preview({ project, promotion, close, done }: PreviewProps) {
  const queries = useQueryClient();
  const preview = useQuery(promotionQuery(project, promotion));
  const promoting = useMutation({
    mutationFn: (etag: string) => promote(project, promotion, etag),
    onSuccess: async (answer) => {
      done(answer);
      await queries.invalidateQueries({ queryKey: ['projects', project] });
    },
    onError: async (error) => {
      // What came between is in the preview then, and nothing is done before it was seen.
      if (error instanceof Refusal && error.status === 412) await preview.refetch();
    },
  });
  if (preview.isPending) return null;
  if (preview.data === undefined) {
    return <Problem title="This cannot be promoted" error={preview.error} retry={() => void preview.refetch()} />;
  }
  const { keys, etag } = preview.data;
  const changes = keys.filter(({ change }) => change !== 'same').length;
  const told = new Set(keys.map(({ key }) => key));
  const absent = promotion.keys.filter((key) => !told.has(key));
  return (
    <>
      <Text size="sm">{summaryOf(keys, promotion)}</Text>
      <ul className={classes.preview} aria-label="What would change">
        {keys.map(({ key, change, overridesInherited }) => (
          <li key={key}>
            <span className={classes.mono}>{key}</span>
            <span className={classes.change} data-change={change}>
              {change === 'same' ? 'same already' : change}
              {overridesInherited && change !== 'same' && ', overrides the inherited value'}
            </span>
          </li>
        ))}
        {absent.map((key) => (
          <li key={key}>
            <span className={classes.mono}>{key}</span>
            <span className={classes.change}>not in {promotion.from}, so it stays</span>
          </li>
        ))}
      </ul>
      {promoting.isError && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          Not promoted:{' '}
          {promoting.error instanceof Refusal && promoting.error.status === 412
            ? `somebody changed ${promotion.to} meanwhile. Above is what it would come to now.`
            : wordsFor(promoting.error)}
        </Text>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={close}>
          {changes === 0 ? 'Close' : 'Cancel'}
        </Button>
        {changes > 0 && (
          <Button loading={promoting.isPending} onClick={() => promoting.mutate(etag)}>
            Promote {count(changes, 'key')} to {promotion.to}
          </Button>
        )}
      </Group>
    </>
  );
}

function Done({ project, to, answer, close }: { project: string; to: string; answer: Schemas['ManyWritten']; close: () => void }) {
  const { revision, keys } = answer;
  const changes = keys.filter(({ change }) => change !== 'same').length;
  return (
    <Stack gap="md">
      <Text size="sm" role="status">
        {count(changes, 'key')} {changes === 1 ? 'is' : 'are'} set in {to}, as{' '}
        <Anchor
          inherit
          component={Link}
          to={`/p/${project}/c/${to}/history?from=${revision - 1}&to=${revision}`}
        >
          revision {revision}
        </Anchor>
        .
      </Text>
      <Group justify="flex-end">
        <Button data-autofocus onClick={close}>
          Close
        </Button>
      </Group>
    </Stack>
  );
}
