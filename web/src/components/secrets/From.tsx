import { Text } from '@mantine/core';

import type { Row } from './drafts.ts';
import classes from './table.module.css';
import words from './words.module.css';

/** Where a value is from, what it hides, what it refers to, and what is wrong with it. */
export function From({ row: { meta, draft } }: { row: Row }) {
  const isInherited = meta?.inherited === true && draft === undefined;
  const overridden = meta?.inherited === true ? meta.source : meta?.overrides;
  const references = meta?.references ?? [];
  return (
    <div className={classes.origin}>
      <span>
        {isInherited ? `○ ${meta.source}` : '● own'}
        {!isInherited && overridden != null && <span className={words.quiet}> overrides {overridden}</span>}
      </span>
      {references.length > 0 && (
        <Text span size="xs" c="dimmed" data-tip={references.join('  ')}>
          → {references.length} {references.length === 1 ? 'ref' : 'refs'}
        </Text>
      )}
    </div>
  );
}
