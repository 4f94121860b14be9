import type { Source } from '../../api/team.ts';
import classes from '../../ui/list.module.css';
import { byWeight, wordsForSource } from './roles.ts';

/** By what somebody is something in a project. The first one counts; the others change nothing beside it. */
export function Why({ sources }: { sources: readonly Source[] }) {
  return (
    <div>
      {byWeight(sources).map((source, nth) => (
        <div key={nth} className={nth === 0 ? undefined : classes.quiet}>
          {nth === 0 ? wordsForSource(source) : `Also ${lowered(wordsForSource(source))}`}
        </div>
      ))}
    </div>
  );
}

const lowered = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
