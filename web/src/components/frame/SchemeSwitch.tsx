import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';

import { ContrastIcon } from '../../ui/icons.tsx';

export function useScheme() {
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme('light') === 'light' ? 'dark' : 'light';
  return { name: `Use ${other} colours`, change: () => setColorScheme(other) };
}

export function SchemeSwitch() {
  const { name, change } = useScheme();
  return (
    <Tooltip label={name}>
      <ActionIcon variant="subtle" color="gray" size="lg" visibleFrom="xs" aria-label={name} onClick={change}>
        <ContrastIcon />
      </ActionIcon>
    </Tooltip>
  );
}
