import { ActionIcon, Badge, CloseButton, Group as Row, Menu, Select, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { useMay } from '../../api/permissions.ts';
import { changeGroupMembers, type Group, groupMembersQuery, membersQuery, useTeamChange } from '../../api/team.ts';
import { wordsFor } from '../../api/client.ts';
import { MoreIcon } from '../../ui/icons.tsx';
import { DeleteGroup, EditGroup } from './GroupDialogs.tsx';
import classes from './team.module.css';

/** A group with who is in it. */
export function GroupCard({ group }: { group: Group }) {
  const mayManage = useMay()('workspace:groups:manage');
  const members = useQuery(groupMembersQuery(group.slug)).data;
  const [Dialog, setDialog] = useState<typeof EditGroup | null>(null);
  const changing = useTeamChange((change: { add?: string[]; remove?: string[] }) =>
    changeGroupMembers(group.slug, change),
  );
  return (
    <section className={classes.group} aria-label={group.slug}>
      {Dialog !== null && <Dialog group={group} close={() => setDialog(null)} />}
      <Row justify="space-between" wrap="nowrap" align="flex-start">
        <div>
          <Title order={2} size="h5">
            {group.slug}
          </Title>
          <Text size="sm" c="dimmed">
            {[group.name === group.slug ? null : group.name, group.description].filter((text) => text != null).join(' · ')}
          </Text>
        </div>
        {mayManage && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${group.slug}`}>
                <MoreIcon />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setDialog(() => EditGroup)}>Rename…</Menu.Item>
              <Menu.Item color="red" onClick={() => setDialog(() => DeleteGroup)}>
                Delete…
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Row>
      {members?.length === 0 && (
        <Text size="sm" c="dimmed">
          Nobody is in it yet.
        </Text>
      )}
      <div className={classes.people}>
        {members?.map((username) => (
          <Badge
            key={username}
            variant="default"
            size="lg"
            tt="none"
            fw={400}
            rightSection={
              mayManage && (
                <CloseButton
                  size="xs"
                  aria-label={`Take ${username} out of ${group.slug}`}
                  onClick={() => changing.mutate({ remove: [username] })}
                />
              )
            }
          >
            {username}
          </Badge>
        ))}
      </div>
      {mayManage && members !== undefined && (
        <Joining group={group.slug} members={members} join={(username) => changing.mutate({ add: [username] })} />
      )}
      {changing.isError && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {wordsFor(changing.error)}
        </Text>
      )}
    </section>
  );
}

function Joining({ group, members, join }: { group: string; members: string[]; join: (username: string) => void }) {
  const people = useQuery(membersQuery).data ?? [];
  const others = people.map(({ username }) => username).filter((username) => !members.includes(username));
  if (others.length === 0) return null;
  return (
    <Select
      size="xs"
      maw={220}
      aria-label={`Add somebody to ${group}`}
      placeholder="Add somebody…"
      searchable
      selectFirstOptionOnChange
      nothingFoundMessage="Nobody is called so"
      data={others}
      value={null}
      onChange={(username) => {
        if (username !== null) join(username);
      }}
    />
  );
}
