import { Group, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';

import { projectsQuery } from '../api/queries.ts';
import { membersQuery } from '../api/team.ts';
import type { AccessSearch } from '../components/team/search.ts';
import { TeamHead } from '../components/team/TeamHead.tsx';
import { WhatMay } from '../components/team/WhatMay.tsx';
import { useTitle } from '../ui/useTitle.ts';

/** What somebody may do here, and why. */
export function TeamAccess() {
  useTitle('Who may do what', 'Team');
  const { user, project } = useSearch({ from: '/team/access' });
  const navigate = useNavigate();
  const go = (search: AccessSearch) => void navigate({ to: '/team/access', search });
  const people = useQuery(membersQuery).data?.map(({ username }) => username) ?? [];
  const projects = useQuery(projectsQuery).data?.map(({ slug }) => slug) ?? [];
  return (
    <Stack gap="lg">
      <TeamHead about="What somebody may do, and by which role. It is what the server would allow them now." />
      <Group gap="sm" align="flex-end">
        <Select
          label="Who"
          placeholder="Choose somebody"
          searchable
          selectFirstOptionOnChange
          nothingFoundMessage="Nobody is called so"
          data={people}
          value={user ?? null}
          onChange={(next) => go({ user: next ?? undefined, project })}
        />
        <Select
          label="Where"
          placeholder="In all projects"
          searchable
          clearable
          nothingFoundMessage="Nothing is called so"
          data={projects}
          value={project ?? null}
          onChange={(next) => go({ user, project: next ?? undefined })}
        />
      </Group>
      {user === undefined ? (
        <Text c="dimmed">Choose somebody to see what they may do.</Text>
      ) : (
        <WhatMay username={user} project={project} />
      )}
    </Stack>
  );
}
