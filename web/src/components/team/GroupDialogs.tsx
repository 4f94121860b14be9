import { Modal, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import {
  changeGroup,
  deleteGroup,
  type Group,
  groupMembersQuery,
  makeGroup,
  useTeamChange,
} from '../../api/team.ts';
import { Confirm } from '../../ui/Confirm.tsx';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';
import { SlugInput } from '../projects/SlugInput.tsx';

export function NewGroup({ close }: { close: () => void }) {
  const [slug, setSlug] = useState('');
  const [description, setDescription] = useState('');
  const making = useTeamChange(() => makeGroup(description === '' ? { slug } : { slug, description }), close);
  return (
    <Modal opened onClose={close} title="New group">
      <FormFrame
        action="Make group"
        submit={() => making.mutate()}
        isPending={making.isPending}
        error={making.error}
        fields={['slug', 'description']}
        cancel={close}
      >
        <SlugInput placeholder="developers" value={slug} change={setSlug} error={fieldError(making.error, 'slug')} />
        <About value={description} change={setDescription} error={fieldError(making.error, 'description')} />
      </FormFrame>
    </Modal>
  );
}

interface Props {
  group: Group;
  close: () => void;
}

export function EditGroup({ group, close }: Props) {
  const [slug, setSlug] = useState(group.slug);
  const [name, setName] = useState(group.name);
  const [description, setDescription] = useState(group.description ?? '');
  const changing = useTeamChange(() => changeGroup(group.slug, { slug, name, description }), close);
  const { error } = changing;
  return (
    <Modal opened onClose={close} title={`Rename ${group.slug}`}>
      <FormFrame
        action="Save"
        submit={() => changing.mutate()}
        isPending={changing.isPending}
        error={error}
        fields={['slug', 'name', 'description']}
        cancel={close}
      >
        <SlugInput placeholder="developers" value={slug} change={setSlug} error={fieldError(error, 'slug')} />
        <TextInput
          label="Name"
          error={fieldError(error, 'name')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <About value={description} change={setDescription} error={fieldError(error, 'description')} />
        <Text size="sm" c="dimmed">
          Its members and its roles in projects stay.
        </Text>
      </FormFrame>
    </Modal>
  );
}

export function DeleteGroup({ group: { slug }, close }: Props) {
  const count = useQuery(groupMembersQuery(slug)).data?.length ?? 0;
  const deleting = useTeamChange(() => deleteGroup(slug), close);
  return (
    <Confirm
      opened
      close={close}
      title={`Delete the group ${slug}`}
      action="Delete group"
      confirm={() => deleting.mutate()}
      isPending={deleting.isPending}
      error={deleting.error}
    >
      <Text size="sm">
        {count === 0 ? 'Nobody is in it.' : `${count === 1 ? '1 person loses' : `${count} people lose`} what they may do by it, at once.`}{' '}
        Its roles in projects go with it; the people stay.
      </Text>
    </Confirm>
  );
}

interface FieldProps {
  value: string;
  change: (value: string) => void;
  error: string | undefined;
}

function About({ value, change, error }: FieldProps) {
  return (
    <TextInput
      label="Description"
      placeholder="Who belongs here"
      maxLength={500}
      error={error}
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}
