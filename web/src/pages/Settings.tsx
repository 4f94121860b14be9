import { Anchor, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { useMay } from '../api/permissions.ts';
import { meQuery } from '../api/queries.ts';
import { settingsQuery, versionQuery } from '../api/settings.ts';
import { Facts } from '../components/settings/Facts.tsx';
import { Section } from '../components/settings/Section.tsx';
import { ServerKeys } from '../components/settings/ServerKeys.tsx';
import { WorkspaceSettings } from '../components/settings/WorkspaceSettings.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { Problem } from '../ui/Problem.tsx';
import { useTitle } from '../ui/useTitle.ts';

/** What holds for the workspace, and what this server is. */
export function Settings() {
  useTitle('Settings');
  const maySee = useMay()('workspace:settings:read');
  const isOwner = useQuery(meQuery).data?.workspaceRole === 'owner';
  const settings = useQuery({ ...settingsQuery, enabled: maySee });
  const version = useQuery(versionQuery).data;
  return (
    <Stack gap="lg" maw={720}>
      <PageHead title="Settings" />
      <div>
        {maySee && (
          <Section title="Workspace" about="What holds for everybody. It counts at once.">
            {settings.isPending && <Skeleton height={320} />}
            {settings.isError && (
              <Problem title="The settings are not to be had" error={settings.error} retry={() => void settings.refetch()} />
            )}
            {settings.data !== undefined && <WorkspaceSettings settings={settings.data} />}
          </Section>
        )}
        {isOwner && (
          <Section
            title="Keys"
            about="Values are sealed with data keys, one or more for each project, and these with the root key, which is not in the database."
          >
            <ServerKeys />
          </Section>
        )}
        <Section title="This server">
          <Facts
            facts={[
              ['Version', version ?? ''],
              [
                'API',
                <Anchor key="api" href="/api/docs" size="sm">
                  The API, to read and to try
                </Anchor>,
              ],
            ]}
          />
        </Section>
      </div>
    </Stack>
  );
}
