import { Button, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Refusal, wordsFor } from '../../api/client.ts';
import { type Place, readValueAt, type Version, versionsQuery } from '../../api/history.ts';
import { keysQuery } from '../../api/queries.ts';
import { Empty } from '../../ui/Empty.tsx';
import { End } from '../../ui/End.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { useFleeting } from '../../ui/useFleeting.ts';
import { When } from '../../ui/When.tsx';
import { useReading } from '../record/useReading.ts';
import classes from './history.module.css';

interface Props {
  place: Place;
  name: string;
  mayReveal: boolean;
  /** Shows what makes one revision differ from another. */
  difference: (from: number, to: number) => void;
}

/** The values that a key had, newest first. */
export function KeyVersions({ place, name, mayReveal, difference }: Props) {
  const versions = useInfiniteQuery(versionsQuery(place, name));
  const { shown, show, hide } = useFleeting<{ revision: number; value: string | null }>();
  const reading = useReading(async ({ revision }: Version) => {
    show({ revision, value: await readValueAt(place, name, revision) });
  });
  if (versions.isPending) return null;
  if (versions.data === undefined) {
    if (versions.error instanceof Refusal && versions.error.status === 404) return <Never place={place} name={name} />;
    return <Problem title="The versions are not to be had" error={versions.error} retry={() => void versions.refetch()} />;
  }
  const all = versions.data.pages.flatMap((page) => page.versions);
  return (
    <div>
      <ol className={classes.list} aria-label={`Versions of ${name}`}>
        {all.map((version, index) => {
          const before = all[index + 1];
          const isShown = shown?.revision === version.revision;
          return (
            <li key={version.revision} className={classes.item}>
              <span className={classes.number}>
                {version.revision}
                {index === 0 && <span className={classes.now}>newest</span>}
              </span>
              <Text size="sm" className={classes.what}>
                {version.deleted ? 'Removed' : `Version ${version.version}`}
                {version.note != null && <span className={classes.note}> · {version.note}</span>}
              </Text>
              <span className={classes.by}>{version.by}</span>
              <span className={classes.when}>
                <When at={version.at} />
              </span>
              <span className={classes.actions}>
                {mayReveal && !version.deleted && (
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    aria-label={`${isShown ? 'Hide' : 'Reveal'} version ${version.version}`}
                    onClick={() => (isShown ? hide() : reading.mutate(version))}
                  >
                    {isShown ? 'Hide' : 'Reveal'}
                  </Button>
                )}
                {before && (
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    aria-label={`Show the changes of ${version.revision}`}
                    onClick={() => difference(before.revision, version.revision)}
                  >
                    Changes
                  </Button>
                )}
              </span>
              {isShown && (
                <code className={`${classes.shown} ${classes.value}`}>
                  {shown.value === null ? <em>can no longer be opened</em> : shown.value === '' ? <em>empty</em> : shown.value}
                </code>
              )}
              {reading.isError && reading.variables.revision === version.revision && (
                <Text size="sm" c="var(--mantine-color-error)" role="alert" className={classes.value ?? ''}>
                  Not revealed: {wordsFor(reading.error)}
                </Text>
              )}
            </li>
          );
        })}
      </ol>
      {versions.hasNextPage && <End key={versions.data.pages.length} reached={() => void versions.fetchNextPage()} />}
    </div>
  );
}

/** The key was never set here. It may be inherited, and then has its history there. */
function Never({ place: { project, config }, name }: { place: Place; name: string }) {
  const meta = useQuery(keysQuery(project, config)).data?.meta[name];
  if (meta === undefined || !meta.inherited) {
    return <Empty text={`${config} has never had a key ${name}. Look for the name, or show all keys.`} />;
  }
  return (
    <Empty text={`${config} has never set ${name} itself. What it has is inherited from ${meta.source}, and so is its history.`}>
      <Button
        variant="default"
        renderRoot={(props) => (
          <Link
            to="/p/$project/c/$config/history"
            params={{ project, config: meta.source }}
            search={{ key: name }}
            {...props}
          />
        )}
      >
        Show it in {meta.source}
      </Button>
    </Empty>
  );
}
