import { Anchor, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import type { Place } from '../../api/history.ts';
import { configsQuery } from '../../api/queries.ts';
import { descendantsOf } from '../projects/tree.ts';

/** The configs through which a config is read as well: whoever reads one of them is on its page, not on this one. */
export function Inheriting({ place: { project, config } }: { place: Place }) {
  const configs = useQuery(configsQuery(project)).data ?? [];
  const heirs = descendantsOf(config, configs);
  if (heirs.length === 0) return null;
  return (
    <Text size="sm" maw={640}>
      Who reads it through a config that inherits from it is shown there:{' '}
      {heirs.map((heir, index) => (
        <span key={heir}>
          {index > 0 && ', '}
          <Anchor inherit underline="always" renderRoot={(props) => <Link to="/p/$project/c/$config/consumers" params={{ project, config: heir }} {...props} />}>
            {heir}
          </Anchor>
        </span>
      ))}
      .
    </Text>
  );
}
