import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';

import { useMay } from '../api/permissions.ts';
import { configsQuery } from '../api/queries.ts';
import { CloneConfig } from '../components/settings/CloneConfig.tsx';
import { ConfigForm } from '../components/settings/ConfigForm.tsx';
import { DeleteConfig } from '../components/settings/DeleteConfig.tsx';
import { Facts } from '../components/settings/Facts.tsx';
import { Section } from '../components/settings/Section.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { useTitle } from '../ui/useTitle.ts';
import { NotFound } from './NotFound.tsx';

export function ConfigSettings() {
  const { project, config: slug } = useParams({ from: '/p/$project/c/$config/settings' });
  useTitle('Settings', slug, project);
  const may = useMay(project);
  const configs = useQuery(configsQuery(project)).data;
  const config = configs?.find((found) => found.slug === slug);
  if (configs === undefined) return null;
  if (config === undefined) return <NotFound />;
  const mayChange = may('configs:write');
  const mayClone = mayChange && may('secrets:read') && may('secrets:write');
  const mayDelete = mayChange && (config.ownKeys === 0 || may('secrets:delete'));
  return (
    <Stack gap="lg" maw={640}>
      <PageHead title="Config settings" />
      <div>
        <Section title={slug}>
          {mayChange ? (
            <ConfigForm
              key={`${config.slug}\n${config.name}\n${config.parentSlug}`}
              project={project}
              config={config}
              configs={configs}
            />
          ) : (
            <>
              <Facts
                facts={[
                  ['Name', config.name],
                  ['Inherits from', config.parentSlug ?? 'nothing'],
                ]}
              />
              <Text size="sm" c="dimmed">
                Your role in {project} is to read it.
              </Text>
            </>
          )}
        </Section>
        {mayClone && (
          <Section title="Clone" about="Another config that begins as this one is.">
            <CloneConfig project={project} config={slug} />
          </Section>
        )}
        {mayDelete && (
          <Section title="Delete">
            <DeleteConfig project={project} config={config} configs={configs} />
          </Section>
        )}
      </div>
    </Stack>
  );
}
