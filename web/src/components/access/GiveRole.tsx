import { Modal, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { useMay } from '../../api/permissions.ts';
import { giveRole, groupsQuery, membersQuery, useTeamChange } from '../../api/team.ts';
import { FormFrame } from '../../ui/FormFrame.tsx';
import { RoleChoice } from '../team/RoleChoice.tsx';
import { PROJECT_ROLES } from '../team/roles.ts';

interface Props {
  project: string;
  /** Who has a role here already, as `user:ada`. */
  taken: string[];
  close: () => void;
}

/** A role in a project for a person or a group. */
export function GiveRole({ project, taken, close }: Props) {
  const may = useMay();
  const people = useQuery({ ...membersQuery, enabled: may('workspace:members:read') }).data ?? [];
  const groups = useQuery({ ...groupsQuery, enabled: may('workspace:groups:read') }).data ?? [];
  const [who, setWho] = useState<string | null>(null);
  const [role, setRole] = useState('viewer');
  const giving = useTeamChange(async () => {
    if (who === null) return;
    const [subjectType = '', subjectId = ''] = who.split(':');
    await giveRole(project, { subjectType, subjectId, role });
  }, close);
  const free = (kind: string, names: string[]) =>
    names.map((name) => ({ value: `${kind}:${name}`, label: name })).filter(({ value }) => !taken.includes(value));
  return (
    <Modal opened onClose={close} title={`Give a role in ${project}`}>
      <FormFrame
        action="Give role"
        submit={() => giving.mutate()}
        isPending={giving.isPending}
        error={giving.error}
        cancel={close}
        isDisabled={who === null}
      >
        <Select
          label="Who"
          placeholder="A group or a person"
          data-autofocus
          searchable
          selectFirstOptionOnChange
          nothingFoundMessage="Nobody is called so"
          data={[
            { group: 'Groups', items: free('group', groups.map(({ slug }) => slug)) },
            { group: 'People', items: free('user', people.map(({ username }) => username)) },
          ]}
          value={who}
          onChange={setWho}
        />
        <RoleChoice label="Role in the project" roles={PROJECT_ROLES} value={role} choose={setRole} />
      </FormFrame>
    </Modal>
  );
}
