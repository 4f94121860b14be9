import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';

import { useMay } from '../api/permissions.ts';
import { projectsQuery } from '../api/queries.ts';
import { DeleteProject } from '../components/settings/DeleteProject.tsx';
import { Facts } from '../components/settings/Facts.tsx';
import { ProjectForm } from '../components/settings/ProjectForm.tsx';
import { Section } from '../components/settings/Section.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { useTitle } from '../ui/useTitle.ts';
import { NotFound } from './NotFound.tsx';

export function ProjectSettings() {
  const { project: slug } = useParams({ from: '/p/$project/settings' });
  useTitle('Project settings', slug);
  const mayChange = useMay(slug)('projects:write');
  const projects = useQuery(projectsQuery).data;
  const project = projects?.find((found) => found.slug === slug);
  if (projects === undefined) return null;
  if (project === undefined) return <NotFound />;
  return (
    <Stack gap="lg" maw={640}>
      <PageHead title="Project settings" />
      <div>
        <Section title={slug}>
          {mayChange ? (
            <ProjectForm key={`${project.name}\n${project.description}`} project={project} />
          ) : (
            <>
              <Facts
                facts={[
                  ['Name', project.name],
                  ['Description', project.description ?? 'none'],
                ]}
              />
              <Text size="sm" c="dimmed">
                Owners and admins of the workspace can change this.
              </Text>
            </>
          )}
        </Section>
        {mayChange && (
          <Section title="Delete" about="All of it, for good.">
            <DeleteProject project={slug} />
          </Section>
        )}
      </div>
    </Stack>
  );
}
