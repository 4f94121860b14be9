import { Button, Skeleton, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';

import { useMay } from '../api/permissions.ts';
import { groupsQuery } from '../api/team.ts';
import { GroupCard } from '../components/team/GroupCard.tsx';
import { NewGroup } from '../components/team/GroupDialogs.tsx';
import { TeamHead } from '../components/team/TeamHead.tsx';
import { Empty } from '../ui/Empty.tsx';
import { PlusIcon } from '../ui/icons.tsx';
import { Problem } from '../ui/Problem.tsx';
import { useTitle } from '../ui/useTitle.ts';

export function Groups() {
  useTitle('Groups', 'Team');
  const may = useMay();
  const groups = useQuery(groupsQuery);
  const [isMaking, making] = useDisclosure();
  return (
    <Stack gap="lg">
      <TeamHead about="A role that a group has in a project, all of its members have.">
        {may('workspace:groups:manage') && (
          <Button leftSection={<PlusIcon />} onClick={making.open}>
            New group
          </Button>
        )}
      </TeamHead>
      {isMaking && <NewGroup close={making.close} />}
      {groups.isPending && <Skeleton height={160} />}
      {groups.isError && (
        <Problem title="The groups are not to be had" error={groups.error} retry={() => void groups.refetch()} />
      )}
      {groups.data?.length === 0 && (
        <Empty text="No groups yet. With a group, such as developers, a project is opened to several people by one role." />
      )}
      {groups.data !== undefined && groups.data.length > 0 && (
        <div>
          {groups.data.map((group) => (
            <GroupCard key={group.id} group={group} />
          ))}
        </div>
      )}
    </Stack>
  );
}
