import { Button, FileButton, Group, Modal, SegmentedControl, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';

import type { Schemas } from '../../api/client.ts';
import type { Keys } from '../../api/queries.ts';
import { changes } from './drafts.ts';
import { type Format, FORMATS } from './formats.ts';
import { ImportPreview } from './ImportPreview.tsx';
import type { Place } from './references.ts';
import words from './words.module.css';
import type { Source, useImport } from './useImport.ts';

interface Props {
  place: Place;
  keys: Keys;
  coming: ReturnType<typeof useImport>;
  source: Source;
  add: (keys: Schemas['KeyChange'][]) => void;
}

/** A file and what it would change. What is pasted or dropped is not shown by itself: there are values in it. */
export function ImportSecrets({ place, keys, coming, source, add }: Props) {
  const [isTextShown, setIsTextShown] = useState(source.text === '');
  const { trying, open, change, close } = coming;
  const read = trying.isSuccess && trying.variables === source ? trying.data : null;
  const staged = read?.filter((key) => key.change !== 'same') ?? [];
  return (
    <Modal opened onClose={close} title={`Import into ${place.config}`} size="lg">
      <Stack gap="md">
        <Group gap="xs" justify="space-between">
          <SegmentedControl<Format>
            aria-label="Format"
            size="xs"
            data={FORMATS.map(({ format, name }) => ({ value: format, label: name }))}
            value={source.format}
            onChange={(format) => change({ ...source, format })}
          />
          <Group gap="xs">
            {!isTextShown && (
              <Button size="xs" variant="default" onClick={() => setIsTextShown(true)}>
                Show the text
              </Button>
            )}
            <FileButton
              accept=".env,.json,.yaml,.yml,text/plain"
              onChange={(file) => {
                setIsTextShown(false);
                void file?.text().then((text) => open(text, file.name));
              }}
            >
              {(props) => (
                <Button size="xs" variant="default" {...props}>
                  Choose a file
                </Button>
              )}
            </FileButton>
          </Group>
        </Group>
        {isTextShown ? (
          <Textarea
            aria-label="Text to import"
            classNames={{ input: words.mono ?? '' }}
            placeholder="Paste a .env, JSON or YAML file here, or drop it anywhere on the page"
            data-autofocus
            autosize
            minRows={5}
            maxRows={12}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={source.text}
            onChange={(event) => change({ ...source, text: event.currentTarget.value })}
          />
        ) : (
          <Text size="sm" c="dimmed">
            {source.file ?? 'What you pasted'}, {lines(source.text)}
          </Text>
        )}
        <ImportPreview keys={keys} read={trying.data ?? null} error={trying.error} />
        <Group justify="space-between" gap="xs">
          <Text size="sm" c="dimmed">
            Nothing is saved yet.
          </Text>
          <Group gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button disabled={read === null || staged.length === 0} onClick={() => read !== null && add(read)}>
              {staged.length === 0 ? 'Add to changes' : `Add ${changes(staged.length)}`}
            </Button>
          </Group>
        </Group>
      </Stack>
    </Modal>
  );
}

function lines(text: string): string {
  const count = text.trimEnd().split('\n').length;
  return `${count} ${count === 1 ? 'line' : 'lines'}`;
}
