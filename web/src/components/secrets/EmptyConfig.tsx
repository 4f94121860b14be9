import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { configsQuery } from '../../api/queries.ts';
import { Empty } from '../../ui/Empty.tsx';
import type { Place } from './references.ts';

interface Props {
  place: Place;
  mayWrite: boolean;
  mayInherit: boolean;
  importFile: () => void;
  inherit: () => void;
  add: () => void;
}

/** Three ways on from a config without keys. */
export function EmptyConfig({ place, mayWrite, mayInherit, importFile, inherit, add }: Props) {
  const others = useQuery(configsQuery(place.project)).data?.filter(({ slug }) => slug !== place.config) ?? [];
  if (!mayWrite) return <Empty text="No keys yet." />;
  return (
    <Empty text="No keys yet. What is the same everywhere belongs into a config that others inherit from; each of them can override it.">
      <Button onClick={importFile}>Paste a .env</Button>
      {mayInherit && others.length > 0 && (
        <Button variant="default" onClick={inherit}>
          Inherit from another config
        </Button>
      )}
      <Button variant="default" onClick={add}>
        Add a key
      </Button>
    </Empty>
  );
}
