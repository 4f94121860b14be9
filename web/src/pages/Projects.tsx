import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { projectsQuery } from '../api/queries.ts';
import { NewProject } from '../components/projects/NewProject.tsx';
import { ProjectCard } from '../components/projects/ProjectCard.tsx';
import { useTitle } from '../ui/useTitle.ts';
import { PlusIcon } from '../ui/icons.tsx';
import { Problem } from '../ui/Problem.tsx';

export function Projects() {
  useTitle('Projects');
  const projects = useQuery(projectsQuery);
  const [isMaking, setIsMaking] = useState(false);
  if (projects.isPending) return null;
  const make = (
    <Button leftSection={<PlusIcon />} onClick={() => setIsMaking(true)}>
      New project
    </Button>
  );
  return (
    <Stack gap="lg">
      <NewProject opened={isMaking} close={() => setIsMaking(false)} />
      <Group justify="space-between">
        <Title order={1} size="h3">
          Projects
        </Title>
        {projects.data !== undefined && projects.data.length > 0 && make}
      </Group>
      {projects.isError && (
        <Problem title="The projects are not to be had" error={projects.error} retry={() => void projects.refetch()} />
      )}
      {projects.data?.length === 0 && (
        <Stack gap="md" align="flex-start" maw={520} py="xl">
          <Text>
            A project is one application. Its configs are the places where it runs, such as <b>base</b>, <b>staging</b> and{' '}
            <b>prod</b>: one can inherit from another and override single keys.
          </Text>
          {make}
        </Stack>
      )}
      {projects.data?.map((project) => <ProjectCard key={project.slug} project={project} />)}
    </Stack>
  );
}
