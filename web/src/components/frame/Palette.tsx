import { Combobox, Modal, Text, TextInput, useCombobox } from '@mantine/core';
import { useEffect, useState } from 'react';

import { SearchIcon } from '../../ui/icons.tsx';
import classes from './Palette.module.css';
import { meant } from './targets.ts';
import { useTargets } from './useTargets.ts';

const NAME = 'Search or jump to';
/** How many are shown at a time: whoever wants another one types on. */
const LIMIT = 10;

/** Goes anywhere by a few letters. */
export function Palette({ close, showShortcuts }: { close: () => void; showShortcuts: () => void }) {
  const [text, setText] = useState('');
  const shown = meant(useTargets(showShortcuts), text, LIMIT);
  const combobox = useCombobox({ opened: true });
  const { selectFirstOption } = combobox;
  // Enter goes to the best one, whatever was chosen among the ones before it.
  useEffect(() => void selectFirstOption(), [selectFirstOption, text]);
  return (
    <Modal.Root opened onClose={close} centered={false} yOffset="12vh" padding={0} size={560}>
      <Modal.Overlay />
      <Modal.Content aria-label={NAME}>
        <Combobox
          store={combobox}
          withinPortal={false}
          onOptionSubmit={(id) => {
            close();
            shown.find((target) => target.id === id)?.act();
          }}
        >
          <Combobox.EventsTarget>
            <TextInput
              data-autofocus
              variant="unstyled"
              size="md"
              leftSection={<SearchIcon />}
              leftSectionWidth={48}
              aria-label={NAME}
              placeholder="A key, a config, a page…"
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
          </Combobox.EventsTarget>
          <Combobox.Options aria-label="What it may be" className={classes.options ?? ''}>
            {shown.length === 0 && <Combobox.Empty>Nothing is called so</Combobox.Empty>}
            {shown.map(({ id, name, about }) => (
              <Combobox.Option key={id} value={id} className={classes.option ?? ''}>
                <span className={classes.name}>{name}</span>
                <Text span size="sm" c="dimmed" className={classes.about ?? ''}>
                  {about}
                </Text>
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox>
      </Modal.Content>
    </Modal.Root>
  );
}
