import { VisuallyHidden } from '@mantine/core';

import { type Line, linesOf, type Piece } from './lines.ts';
import classes from './record.module.css';

interface Props {
  /** `null` where there was none. */
  before: string | null;
  after: string | null;
  /** What the whole is called, for those who do not see it. */
  label: string;
}

/** Two texts side by side, with what differs marked within lines. On narrow screens one below the other. */
export function Lines({ before, after, label }: Props) {
  return (
    <div className={classes.lines} role="group" aria-label={label} tabIndex={0}>
      {linesOf(before, after).map((line, index) => (
        <Pair key={index} line={line} />
      ))}
    </div>
  );
}

function Pair({ line: { before, after } }: { line: Line }) {
  const isSame = before !== null && after !== null && [...before, ...after].every(({ isMarked }) => !isMarked);
  return (
    <div className={classes.line} data-same={isSame || undefined}>
      <Side pieces={before} kind={isSame ? 'same' : 'before'} />
      {isSame ? <Side pieces={after} kind="same" isRepeated /> : <Side pieces={after} kind="after" />}
    </div>
  );
}

interface SideProps {
  pieces: Piece[] | null;
  kind: 'same' | 'before' | 'after';
  isRepeated?: boolean;
}

function Side({ pieces, kind, isRepeated = false }: SideProps) {
  if (pieces === null) return <div className={`${classes.side} ${classes.nothing}`} />;
  const Mark = kind === 'before' ? 'del' : 'ins';
  return (
    <div className={`${classes.side} ${kind === 'same' ? '' : classes[kind]}`} aria-hidden={isRepeated || undefined}>
      {kind !== 'same' && <VisuallyHidden>{kind === 'before' ? 'Before: ' : 'After: '}</VisuallyHidden>}
      {pieces.map(({ text, isMarked }, index) => (isMarked ? <Mark key={index}>{text}</Mark> : text))}
    </div>
  );
}
