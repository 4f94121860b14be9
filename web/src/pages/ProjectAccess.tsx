import { Anchor, Button, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';

import { useMay } from '../api/permissions.ts';
import { projectRolesQuery } from '../api/team.ts';
import { GivenRoles } from '../components/access/GivenRoles.tsx';
import { GiveRole } from '../components/access/GiveRole.tsx';
import { Results } from '../components/access/Results.tsx';
import { PlusIcon } from '../ui/icons.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { useTitle } from '../ui/useTitle.ts';

/** Who may do what in a project, and by what. */
export function ProjectAccess() {
  const { project } = useParams({ from: '/p/$project/access' });
  useTitle('Access', project);
  const may = useMay(project);
  const maySee = may('workspace:project-members:read');
  const roles = useQuery({ ...projectRolesQuery(project), enabled: maySee }).data ?? [];
  const [isGiving, giving] = useDisclosure();
  return (
    <Stack gap="xl">
      <PageHead title="Access" about={`Who may do what in ${project}, and by which role. The greatest of somebody's roles counts.`}>
        {may('workspace:project-members:manage') && (
          <Button leftSection={<PlusIcon />} onClick={giving.open}>
            Give a role
          </Button>
        )}
      </PageHead>
      {isGiving && (
        <GiveRole
          project={project}
          taken={roles.map(({ subjectType, subjectId }) => `${subjectType}:${subjectId}`)}
          close={giving.close}
        />
      )}
      {maySee ? (
        <>
          <GivenRoles project={project} />
          <Results project={project} />
        </>
      ) : (
        <Text>
          Who may do what is shown to owners and admins of the workspace. What you may do yourself is{' '}
          <Anchor component={Link} to="/account" inherit underline="always">
            on your account
          </Anchor>
          .
        </Text>
      )}
    </Stack>
  );
}
