import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import { piecesOf, type Place } from './references.ts';
import classes from './values.module.css';
import words from './words.module.css';
import type { Shown } from './useReveal.ts';

/** A value in clear: as it is written, each reference a link to where it leads, and beneath it what that comes to. */
export function ShownValue({ shown: { value, resolved }, place }: { shown: Shown; place: Place }) {
  return (
    <div className={classes.shown}>
      <code className={words.clear}>{value === '' ? <em>empty</em> : <Pieces value={value} place={place} />}</code>
      {resolved !== undefined && (
        <div className={classes.resolved}>
          <Text span size="xs" c="dimmed">
            comes to
          </Text>
          {'problem' in resolved ? (
            <Text span size="sm">
              {resolved.problem}
            </Text>
          ) : (
            <code className={words.clear}>{resolved.value === '' ? <em>empty</em> : resolved.value}</code>
          )}
        </div>
      )}
    </div>
  );
}

function Pieces({ value, place }: { value: string; place: Place }) {
  return piecesOf(value, place).map(({ text, to }, index) =>
    to === undefined ? (
      text
    ) : (
      <Link
        key={index}
        className={classes.reference}
        to="/p/$project/c/$config"
        params={{ project: to.project, config: to.config }}
        search={{ filter: to.key }}
      >
        {text}
      </Link>
    ),
  );
}
