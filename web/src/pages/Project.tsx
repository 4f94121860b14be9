import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';

import { projectsQuery } from '../api/queries.ts';
import { ProjectCard } from '../components/projects/ProjectCard.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { Problem } from '../ui/Problem.tsx';
import { useTitle } from '../ui/useTitle.ts';
import { NotFound } from './NotFound.tsx';

/** One project's configs. */
export function Project() {
  const { project: slug } = useParams({ from: '/p/$project' });
  useTitle(slug);
  const projects = useQuery(projectsQuery);
  if (projects.isPending) return null;
  if (projects.data === undefined) {
    return <Problem title={`${slug} is not to be had`} error={projects.error} retry={() => void projects.refetch()} />;
  }
  const project = projects.data.find((found) => found.slug === slug);
  if (project === undefined) return <NotFound />;
  return (
    <Stack gap="lg">
      <PageHead title={slug} about={project.description ?? undefined} />
      <ProjectCard project={project} />
    </Stack>
  );
}
