import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { configsQuery } from '../../api/queries.ts';
import { takesKey } from '../../ui/keys.ts';
import { inTree } from '../projects/tree.ts';
import type { Place } from './references.ts';

/** `[` and `]` go to the config before and after, in the order of inheritance. What is filtered stays. */
export function useConfigKeys({ project, config }: Place) {
  const configs = useQuery(configsQuery(project)).data ?? [];
  const navigate = useNavigate();
  const go = (by: number) => {
    const slugs = inTree(configs).map((found) => found.config.slug);
    const next = slugs[slugs.indexOf(config) + by];
    if (next !== undefined) {
      void navigate({ to: '/p/$project/c/$config', params: { project, config: next }, search: (view) => view });
    }
  };
  const onPage = { preventDefault: false };
  useHotkeys(
    [
      ['[', (event) => takesKey(event) && go(-1), onPage],
      [']', (event) => takesKey(event) && go(1), onPage],
    ],
    [],
  );
}
