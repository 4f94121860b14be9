import { useParams } from '@tanstack/react-router';

import { Secrets } from '../components/secrets/Secrets.tsx';
import { useTitle } from '../ui/useTitle.ts';

export function Config() {
  const { project, config } = useParams({ from: '/p/$project/c/$config' });
  useTitle(config, project);
  // Another config is another page: nothing that is typed or shown goes along.
  return <Secrets key={`${project}/${config}`} project={project} config={config} />;
}
