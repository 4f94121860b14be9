import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

import type { HistorySearch } from '../components/history/address.ts';
import { ConfigHistory } from '../components/history/ConfigHistory.tsx';
import { useTitle } from '../ui/useTitle.ts';

export function History() {
  const { project, config } = useParams({ from: '/p/$project/c/$config/history' });
  const search = useSearch({ from: '/p/$project/c/$config/history' });
  const navigate = useNavigate();
  useTitle('History', config, project);
  const go = useCallback(
    (next: HistorySearch) =>
      void navigate({ to: '/p/$project/c/$config/history', params: { project, config }, search: next, resetScroll: false }),
    [navigate, project, config],
  );
  return <ConfigHistory key={`${project}/${config}`} place={{ project, config }} search={search} go={go} />;
}
