import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useCallback, useState } from 'react';

import { Refusal } from '../../api/client.ts';
import { type Keys, readValue } from '../../api/queries.ts';
import { End } from '../../ui/End.tsx';
import { useForAMinute } from '../../ui/useFleeting.ts';
import { Lines } from '../record/Lines.tsx';
import { Compared, ShowBoth, type Side } from './Compared.tsx';
import { changes, type Draft, type Drafts, stateOf } from './drafts.ts';
import type { Place } from './references.ts';
import classes from './dialogs.module.css';
import words from './words.module.css';
import { orTell } from './useActions.ts';

/** How many changes are drawn at first, and more each time that the end comes into view. */
const STEP = 50;

interface Props {
  place: Place;
  keys: Keys;
  drafts: Drafts;
  /** The keys that somebody else changed, too. */
  conflicts: string[];
  isSaving: boolean;
  keepMine: (key: string) => void;
  keepTheirs: (key: string) => void;
  save: () => void;
  close: () => void;
}

/** What saving would change, key by key: what others changed, too, comes first and is to be decided. */
export function Review({ place, keys, drafts, conflicts, isSaving, keepMine, keepTheirs, save, close }: Props) {
  const [drawn, setDrawn] = useState(STEP);
  const contested = new Set(conflicts);
  const sorted = [...drafts].sort(
    ([one], [other]) => Number(contested.has(other)) - Number(contested.has(one)) || one.localeCompare(other),
  );
  return (
    <Modal opened onClose={close} title={`Review ${changes(drafts.size)}`} size="xl">
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {contested.size > 0
            ? 'Somebody else changed the same keys since you began. Choose for each of them what counts; your other changes stay.'
            : 'Nothing is saved yet. Values are shown when you ask for them, which goes on record.'}
        </Text>
        <div className={classes.review}>
          <ul>
            {sorted.slice(0, drawn).map(([key, draft]) => (
              <Item
                key={key}
                name={key}
                draft={draft}
                place={place}
                keys={keys}
                contest={contested.has(key) ? { mine: () => keepMine(key), theirs: () => keepTheirs(key) } : null}
              />
            ))}
          </ul>
          {drawn < sorted.length && <End key={drawn} reached={() => setDrawn(drawn + STEP)} />}
        </div>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Back
          </Button>
          {contested.size === 0 && drafts.size > 0 && (
            <Button data-autofocus onClick={save} loading={isSaving}>
              Save as one revision
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

interface ItemProps {
  name: string;
  draft: Draft;
  place: Place;
  keys: Keys;
  contest: { mine: () => void; theirs: () => void } | null;
}

function Item({ name, draft, place, keys, contest }: ItemProps) {
  const [sides, setSides] = useState<[Side, Side] | null>(null);
  const hide = useCallback(() => setSides(null), []);
  useForAMinute(sides !== null, hide);
  const meta = keys.meta[name];
  const state = stateOf(draft, meta);
  const show = () =>
    void orTell(`The values of ${name} could not be shown`, async () => {
      const now = meta === undefined ? null : await valueOrNone(place, name);
      const then = draft.kind === 'set' ? draft.value : null;
      setSides(
        contest === null
          ? [{ name: 'Before', value: now }, { name: 'After', value: then }]
          : [{ name: 'Theirs', value: now }, { name: 'Mine', value: then }],
      );
    });
  const above = meta?.inherited === true ? meta.source : meta?.overrides;
  return (
    <li data-state={state}>
      <Group gap="xs" justify="space-between">
        <div className={classes.reviewed}>
          <span className={words.mono}>{name}</span> <span className={words.state}>{state}</span>
          {above != null && (
            <Text span size="xs" c="dimmed">
              {' '}
              {draft.kind === 'remove' ? `${above} counts again` : `overrides ${above}`}
            </Text>
          )}
          {contest !== null && (
            <Text size="xs" c="var(--mantine-color-error)">
              {meta === undefined || meta.inherited ? 'Removed by somebody else' : `Changed by ${meta.updatedBy}`}
            </Text>
          )}
        </div>
        <Group gap={4} ml="auto" wrap="nowrap">
          <ShowBoth name={name} isShown={sides !== null} show={show} hide={hide} />
          {contest !== null && (
            <>
              <Button size="compact-sm" variant="default" aria-label={`Keep mine of ${name}`} onClick={contest.mine}>
                Keep mine
              </Button>
              <Button size="compact-sm" variant="default" aria-label={`Keep theirs of ${name}`} onClick={contest.theirs}>
                Keep theirs
              </Button>
            </>
          )}
        </Group>
      </Group>
      {sides !== null && <Sides name={name} sides={sides} isContested={contest !== null} />}
    </li>
  );
}

/** Long texts line by line, with what differs marked; a contest as two wholes, of which one is to be chosen. */
function Sides({ name, sides, isContested }: { name: string; sides: [Side, Side]; isContested: boolean }) {
  const [{ value: before }, { value: after }] = sides;
  const isLong = before?.includes('\n') || after?.includes('\n');
  if (isContested || !isLong || !before || !after) return <Compared sides={sides} />;
  return (
    <div className={classes.lines}>
      <Lines before={before} after={after} label={`${name} before and after`} />
    </div>
  );
}

async function valueOrNone({ project, config }: Place, key: string): Promise<string | null> {
  try {
    return await readValue(project, config, key);
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return null;
    throw error;
  }
}
