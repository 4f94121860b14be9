import { Button, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';

import { DownIcon } from '../../ui/icons.tsx';
import { download, exported } from './exporting.ts';
import { type Format, FORMATS } from './formats.ts';
import type { Place } from './references.ts';
import { orTell } from './useActions.ts';

interface Props {
  place: Place;
  hasDrafts: boolean;
  revealAll: () => void;
}

/** All values at once, each time in one read on record. */
export function ExportMenu({ place, hasDrafts, revealAll }: Props) {
  const copy = (format: Format, name: string) =>
    void orTell('Not copied', async () => {
      await navigator.clipboard.writeText(await exported(place, format));
      notifications.show({ message: `All of ${place.config} is copied as ${name}` });
    });
  const save = (format: Format) =>
    void orTell('Not exported', async () => download(place, format, await exported(place, format)));
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <Button variant="default" rightSection={<DownIcon />}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>All values{hasDrafts ? ' that are saved' : ''}; goes on record</Menu.Label>
        <Menu.Item onClick={revealAll}>Reveal all for a minute</Menu.Item>
        <Menu.Divider />
        {FORMATS.map(({ format, name }) => (
          <Menu.Item key={format} onClick={() => copy(format, name)}>
            Copy as {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        {FORMATS.map(({ format, name }) => (
          <Menu.Item key={format} onClick={() => save(format)}>
            Download {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
