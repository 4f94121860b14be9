import { useNavigate, useParams, useSearch } from '@tanstack/react-router';

import { Secrets } from '../components/secrets/Secrets.tsx';
import { useTitle } from '../ui/useTitle.ts';

const route = '/p/$project/c/$config';

export function Config() {
  const { project, config } = useParams({ from: route });
  const view = useSearch({ from: route });
  const navigate = useNavigate({ from: route });
  useTitle(config, project);
  // Another config is another page: nothing that is typed or shown goes along.
  return (
    <Secrets
      key={`${project}/${config}`}
      project={project}
      config={config}
      view={view}
      setView={(search) => void navigate({ search, replace: true, resetScroll: false })}
    />
  );
}
