import { Button, Skeleton, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';

import { useMay } from '../api/permissions.ts';
import { meQuery } from '../api/queries.ts';
import { membersQuery } from '../api/team.ts';
import { AddMember } from '../components/team/AddMember.tsx';
import { MembersTable } from '../components/team/MembersTable.tsx';
import { TeamHead } from '../components/team/TeamHead.tsx';
import { PlusIcon } from '../ui/icons.tsx';
import { Problem } from '../ui/Problem.tsx';
import { useTitle } from '../ui/useTitle.ts';

export function Team() {
  useTitle('Team');
  const may = useMay();
  const members = useQuery(membersQuery);
  const username = useQuery(meQuery).data?.username ?? '';
  const [isAdding, adding] = useDisclosure();
  return (
    <Stack gap="lg">
      <TeamHead about="The people who can sign in here, and what they are in the workspace.">
        {may('workspace:members:manage') && (
          <Button leftSection={<PlusIcon />} onClick={adding.open}>
            Add member
          </Button>
        )}
      </TeamHead>
      {isAdding && <AddMember close={adding.close} />}
      {members.isPending && <Skeleton height={160} />}
      {members.isError && (
        <Problem title="The members are not to be had" error={members.error} retry={() => void members.refetch()} />
      )}
      {members.data !== undefined && <MembersTable members={members.data} username={username} />}
    </Stack>
  );
}
