import { Text } from '@mantine/core';
import { useState } from 'react';

import { Refusal, type Schemas, wordsFor } from '../../api/client.ts';
import type { Keys } from '../../api/queries.ts';
import { End } from '../../ui/End.tsx';
import { brokenLines } from './formats.ts';
import classes from './dialogs.module.css';
import words from './words.module.css';

/** How many keys are drawn at first, and more each time that the end comes into view. */
const STEP = 100;

interface Props {
  keys: Keys;
  read: Schemas['KeyChange'][] | null;
  error: unknown;
}

/** What each key of a file would become, or what is wrong with its lines. */
export function ImportPreview({ keys, read, error }: Props) {
  const [drawn, setDrawn] = useState(STEP);
  if (error != null) return <Broken error={error} />;
  if (read === null) return null;
  if (read.length === 0) return <Text size="sm">There is no key in it.</Text>;
  return (
    <div className={classes.preview}>
      <table aria-label="What it would change">
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {read.slice(0, drawn).map(({ key, change, overridesInherited }) => (
            <tr key={key} data-state={change}>
              <th scope="row" className={words.mono}>
                {key}
              </th>
              <td>
                <span className={words.state}>{change}</span>
                {overridesInherited && change !== 'same' && (
                  <span className={words.quiet}> overrides {above(keys, key)}</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {drawn < read.length && <End key={drawn} reached={() => setDrawn(drawn + STEP)} />}
    </div>
  );
}

function above({ meta }: Keys, key: string): string {
  const found = meta[key];
  return (found?.inherited ? found.source : found?.overrides) ?? 'an inherited value';
}

function Broken({ error }: { error: unknown }) {
  const lines = error instanceof Refusal ? brokenLines(error.fields) : [];
  return (
    <div role="alert">
      <Text size="sm" c="var(--mantine-color-error)">
        {lines.length === 0 ? wordsFor(error) : 'Some lines cannot be read. Mend them, or choose another format.'}
      </Text>
      {lines.length > 0 && (
        <ul className={classes.broken}>
          {lines.map(({ line, problem }) => (
            <li key={line}>
              Line {line} {problem}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
