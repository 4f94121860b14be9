import { Checkbox, SimpleGrid, Stack } from '@mantine/core';

import type { Action } from '../../api/permissions.ts';
import { nounOf, wordsForAction } from '../../ui/actions.ts';

interface Props {
  possible: readonly Action[];
  chosen: readonly Action[];
  choose: (chosen: Action[]) => void;
}

/** Single actions, by what they are done to. Only those that one may do oneself. */
export function ActionChoice({ possible, chosen, choose }: Props) {
  const nouns = [...new Set(possible.map(nounOf))];
  return (
    <Checkbox.Group label="It may" value={[...chosen]} onChange={(values) => choose(possible.filter((action) => values.includes(action)))}>
      <SimpleGrid cols={{ base: 1, xs: 2, sm: 3 }} mt="xs" spacing="lg" maw={820}>
        {nouns.map((noun) => (
          <Stack key={noun} gap={8}>
            {possible
              .filter((action) => nounOf(action) === noun)
              .map((action) => (
                <Checkbox key={action} value={action} label={wordsForAction(action)} size="sm" />
              ))}
          </Stack>
        ))}
      </SimpleGrid>
    </Checkbox.Group>
  );
}
