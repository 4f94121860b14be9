import { Anchor, Button, Group, Popover, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import { wordsFor as wordsForError } from '../../api/client.ts';
import type { Cell } from '../../api/compare.ts';
import { readValue } from '../../api/queries.ts';
import { useFleeting } from '../../ui/useFleeting.ts';
import { useReading } from '../record/useReading.ts';
import classes from './compare.module.css';
import { standingOf } from './grid.ts';

interface Props {
  project: string;
  name: string;
  config: string;
  cell: Cell;
  at: DOMRect;
  mayReveal: boolean;
  promote: (() => void) | undefined;
  close: () => void;
}

/** A key in one config: what it is there, its value once that is asked for, and where to go on. */
export function CellCard({ project, name, config, cell, at, mayReveal, promote, close }: Props) {
  const { shown, show, hide } = useFleeting<string>();
  const reading = useReading(async () => show(await readValue(project, config, name)));
  const isMissing = cell.state === 'missing';
  return (
    <Popover opened onDismiss={close} position="bottom" width={320} withArrow shadow="md" trapFocus withRoles={false}>
      <Popover.Target>
        <span className={classes.anchor} style={{ top: at.top, left: at.left, width: at.width, height: at.height }} />
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={`${name} in ${config}`}>
        <Stack gap="xs">
          <div>
            <Text size="sm" className={classes.mono}>
              {name}
            </Text>
            <Text size="sm" c="dimmed">
              {config}: {isMissing ? 'it has no such key' : standingOf(cell)}
            </Text>
          </div>
          {cell.broken && (
            <Text size="sm" c="var(--mantine-color-error)">
              A reference in it leads nowhere, or for ever on.
            </Text>
          )}
          {shown !== null && <code className={classes.shown}>{shown === '' ? <em>empty</em> : shown}</code>}
          {reading.isError && (
            <Text size="sm" c="var(--mantine-color-error)" role="alert">
              Not revealed: {wordsForError(reading.error)}
            </Text>
          )}
          <Group gap="xs">
            {mayReveal && !isMissing && (
              <Button size="compact-sm" variant="default" onClick={() => (shown === null ? reading.mutate(undefined) : hide())}>
                {shown === null ? 'Reveal' : 'Hide'}
              </Button>
            )}
            {promote && !isMissing && (
              <Button size="compact-sm" variant="default" onClick={promote}>
                Promote…
              </Button>
            )}
            <Anchor size="sm" component={Link} to={`/p/${project}/c/${config}?filter=${encodeURIComponent(name)}`}>
              Open in {config}
            </Anchor>
          </Group>
          {mayReveal && !isMissing && shown === null && (
            <Text size="xs" c="dimmed">
              Revealing goes on record.
            </Text>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
