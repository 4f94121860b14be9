import { useNavigate, useParams, useSearch } from '@tanstack/react-router';

import { ConfigConsumers } from '../components/consumers/ConfigConsumers.tsx';
import { useTitle } from '../ui/useTitle.ts';

export function Consumers() {
  const { project, config } = useParams({ from: '/p/$project/c/$config/consumers' });
  const search = useSearch({ from: '/p/$project/c/$config/consumers' });
  const navigate = useNavigate();
  useTitle('Consumers', config, project);
  return (
    <ConfigConsumers
      key={`${project}/${config}`}
      place={{ project, config }}
      search={search}
      go={(next) => void navigate({ to: '/p/$project/c/$config/consumers', params: { project, config }, search: next })}
    />
  );
}
