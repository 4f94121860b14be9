import { Button, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { useMay } from '../api/permissions.ts';
import { projectsQuery } from '../api/queries.ts';
import { FirstSteps } from '../components/projects/FirstSteps.tsx';
import { NewConfig } from '../components/projects/NewConfig.tsx';
import { NewProject } from '../components/projects/NewProject.tsx';
import { ProjectCard } from '../components/projects/ProjectCard.tsx';
import { useFirstSteps } from '../components/projects/useFirstSteps.ts';
import { Empty } from '../ui/Empty.tsx';
import { PlusIcon, SearchIcon } from '../ui/icons.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { Problem } from '../ui/Problem.tsx';
import { useTitle } from '../ui/useTitle.ts';

/** From here on a list is searched rather than looked through. */
const MANY = 6;

export function Projects() {
  useTitle('Projects');
  const { find = '' } = useSearch({ from: '/' });
  const navigate = useNavigate();
  const may = useMay();
  const projects = useQuery(projectsQuery);
  const first = useFirstSteps(projects.data);
  const [isMaking, setIsMaking] = useState(false);
  const [heirOf, setHeirOf] = useState<{ parent: string | undefined } | null>(null);
  const all = projects.data ?? [];
  const wanted = find.trim().toLowerCase();
  const shown = all.filter(({ slug, description }) => `${slug} ${description ?? ''}`.toLowerCase().includes(wanted));
  const { progress } = first;
  return (
    <Stack gap="lg">
      <NewProject opened={isMaking} close={() => setIsMaking(false)} />
      {progress?.project != null && (
        <NewConfig
          project={progress.project}
          configs={first.configs}
          parent={heirOf?.parent}
          opened={heirOf !== null}
          close={() => setHeirOf(null)}
        />
      )}
      <PageHead title="Projects">
        {all.length > MANY && (
          <TextInput
            aria-label="Find a project"
            placeholder="Find a project"
            leftSection={<SearchIcon />}
            value={find}
            onChange={(event) => {
              const next = event.currentTarget.value || undefined;
              void navigate({ to: '/', search: { find: next }, replace: true });
            }}
          />
        )}
        {may('projects:write') && (
          <Button leftSection={<PlusIcon />} onClick={() => setIsMaking(true)}>
            New project
          </Button>
        )}
      </PageHead>
      {projects.isLoadingError && (
        <Problem title="The projects are not to be had" error={projects.error} retry={() => void projects.refetch()} />
      )}
      {projects.isPending || first.isPending ? (
        <Waiting />
      ) : (
        <>
          {progress !== null && (
            <FirstSteps
              progress={progress}
              makeProject={() => setIsMaking(true)}
              makeConfig={(parent) => setHeirOf({ parent })}
              putAway={first.putAway}
            />
          )}
          {projects.data?.length === 0 && progress === null && (
            <Empty
              text={
                may('projects:write')
                  ? 'A project is one application. Its configs are the places where it runs, such as base, staging and prod: one can inherit from another and override single keys.'
                  : 'There is no project that you may see. Somebody who gives roles can let you in.'
              }
            />
          )}
          {shown.map((project) => (
            <ProjectCard key={project.slug} project={project} />
          ))}
          {all.length > 0 && shown.length === 0 && (
            <Text c="dimmed" py="lg">
              No project is called like that.
            </Text>
          )}
        </>
      )}
    </Stack>
  );
}

function Waiting() {
  return (
    <>
      <Skeleton height={148} />
      <Skeleton height={148} />
    </>
  );
}
