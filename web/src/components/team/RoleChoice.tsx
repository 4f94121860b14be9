import { Radio, Stack } from '@mantine/core';

import type { Role } from './roles.ts';

interface Props {
  label: string;
  roles: Role[];
  value: string;
  choose: (role: string) => void;
  error?: string | undefined;
}

/** One of a few roles, each with what it means. */
export function RoleChoice({ label, roles, value, choose, error }: Props) {
  return (
    <Radio.Group label={label} value={value} onChange={choose} error={error}>
      <Stack gap={8} mt={6}>
        {roles.map((role) => (
          <Radio key={role.value} value={role.value} label={role.name} description={role.about} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
