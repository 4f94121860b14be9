import { useNavigate, useParams, useSearch } from '@tanstack/react-router';

import type { CompareSearch } from '../components/compare/address.ts';
import { Compare as Comparison } from '../components/compare/Compare.tsx';
import { useTitle } from '../ui/useTitle.ts';

export function Compare() {
  const { project } = useParams({ from: '/p/$project/compare' });
  const search = useSearch({ from: '/p/$project/compare' });
  const navigate = useNavigate();
  useTitle('Compare', project);
  const go = (next: CompareSearch) =>
    void navigate({
      to: '/p/$project/compare',
      params: { project },
      search: next,
      // Each letter that is typed is no step to come back to.
      replace: next.filter !== search.filter,
      resetScroll: false,
    });
  return <Comparison key={project} project={project} search={search} go={go} />;
}
