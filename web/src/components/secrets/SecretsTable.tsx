import { useInViewport } from '@mantine/hooks';
import { useEffect, useState } from 'react';

import type { Row } from './drafts.ts';
import { type RowActions, SecretRow } from './SecretRow.tsx';
import classes from './secrets.module.css';

interface Props {
  rows: Row[];
  revealed: { key: string; value: string } | null;
  editing: { key: string; initial: string } | null;
  lastEdited: string | null;
  actions: RowActions;
}

/** How many rows are drawn at first, and more each time that the end comes into view. */
const STEP = 50;

export function SecretsTable({ rows, revealed, editing, lastEdited, actions }: Props) {
  const [drawn, setDrawn] = useState(STEP);
  return (
    <div className={classes.wrap}>
      <table className={classes.table} aria-label="Secrets">
        <thead>
          <tr>
            <th scope="col" className={classes.colKey}>
              Key
            </th>
            <th scope="col">Value</th>
            <th scope="col" className={classes.colFrom}>
              From
            </th>
            <th scope="col" className={classes.colChanged}>
              Changed
            </th>
            <td className={classes.colActions} />
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, drawn).map((row) => (
            <SecretRow
              key={row.key}
              row={row}
              shown={revealed?.key === row.key ? revealed.value : null}
              edited={editing?.key === row.key ? editing.initial : null}
              wasEdited={lastEdited === row.key}
              actions={actions}
            />
          ))}
        </tbody>
      </table>
      {drawn < rows.length && <End key={drawn} reached={() => setDrawn(drawn + STEP)} />}
    </div>
  );
}

function End({ reached }: { reached: () => void }) {
  const { ref, inViewport } = useInViewport<HTMLDivElement>();
  useEffect(() => {
    if (inViewport) reached();
  }, [inViewport, reached]);
  return <div ref={ref} className={classes.more} />;
}
