import { Button, Text } from '@mantine/core';

import classes from './dialogs.module.css';
import words from './words.module.css';

export interface Side {
  name: string;
  /** `null` where there is no value. */
  value: string | null;
}

/** Two values of one key, next to each other where there is room. */
export function Compared({ sides }: { sides: [Side, Side] }) {
  return (
    <div className={classes.sides}>
      {sides.map(({ name, value }) => (
        <div key={name} className={classes.side}>
          <Text size="xs" c="dimmed">
            {name}
          </Text>
          {value === null ? (
            <Text size="sm" c="dimmed" fs="italic">
              no value
            </Text>
          ) : (
            <code className={words.clear}>{value === '' ? <em>empty</em> : value}</code>
          )}
        </div>
      ))}
    </div>
  );
}

/** Asks for two values, which are not shown by themselves. */
export function ShowBoth({ name, isShown, show, hide }: { name: string; isShown: boolean; show: () => void; hide: () => void }) {
  return (
    <Button
      size="compact-sm"
      variant="subtle"
      aria-label={isShown ? `Hide the values of ${name}` : `Show the values of ${name}`}
      onClick={isShown ? hide : show}
    >
      {isShown ? 'Hide' : 'Show'}
    </Button>
  );
}
