import { Anchor, Paper, SegmentedControl, Stack, TagsInput, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { type Action, useMayIn } from '../../api/permissions.ts';
import { ACTIONS } from '../../ui/actions.ts';
import { fieldError, FormFrame } from '../../ui/FormFrame.tsx';
import { ActionChoice } from './ActionChoice.tsx';
import { type Issued, makePersonalToken, makeServiceToken } from './queries.ts';
import { TokenSentence } from './TokenSentence.tsx';
import { actionsOf, givableIn, limitsOf, type Place, presetsFor, secondsOf, type Wish } from './wish.ts';

interface Props {
  /** Who is asking. */
  username: string;
  place: Place;
  /** Whether they may make tokens for machines; for themselves everybody may. */
  forMachines: boolean;
  made: (issued: Issued, wish: Wish, actions: Action[]) => void;
}

const MACHINE = { isMachine: true, preset: 'read', life: '90d' } as const;
const MYSELF = { isMachine: false, preset: 'mine', life: '24h' } as const;

/** A new token as a sentence, in which each part that can be chosen is a field. */
export function TokenForm({ username, place, forMachines, made }: Props) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const may = useMayIn();
  const [wish, setWish] = useState<Wish>({
    ...(forMachines ? MACHINE : MYSELF),
    name: '',
    chosen: [],
    places: [place],
    lastDay: '',
    cidrs: [],
  });
  const [isBound, setIsBound] = useState(false);
  const change = (part: Partial<Wish>) => setWish({ ...wish, ...part });
  const possible = givableIn(wish.places, ACTIONS, may);
  const presets = presetsFor(wish.isMachine, possible);
  // What was chosen for one place may not be there for another.
  const preset = presets.some(({ value }) => value === wish.preset) ? wish.preset : 'custom';
  const actions = actionsOf({ ...wish, preset }, possible);
  const making = useMutation({
    mutationFn: () => {
      const scopes = wish.places.map((here) => ({ ...here, ...(actions && { actions }) }));
      const ttl_seconds = secondsOf(wish, new Date());
      if (!wish.isMachine) return makePersonalToken({ scopes, ttl_seconds });
      const allowedCidrs = isBound ? wish.cidrs : [];
      return makeServiceToken({ service_name: wish.name, scopes, ttl_seconds, allowedCidrs });
    },
    onSuccess: (issued) => {
      void queries.invalidateQueries({ queryKey: ['tokens'] });
      made(issued, wish, actions ?? possible);
    },
    // Its answer is a token.
    gcTime: 0,
  });
  return (
    <FormFrame
      action="Make token"
      submit={() => making.mutate()}
      isPending={making.isPending}
      error={making.error}
      fields={['service_name', 'allowedCidrs']}
      cancel={() => void navigate({ to: '/tokens' })}
      isDisabled={actions?.length === 0}
    >
      {forMachines && (
        <SegmentedControl
          aria-label="Who uses it"
          w="fit-content"
          data={[
            { value: 'machine', label: 'For a machine' },
            { value: 'me', label: 'For myself' },
          ]}
          value={wish.isMachine ? 'machine' : 'me'}
          onChange={(who) => change(who === 'machine' ? MACHINE : MYSELF)}
        />
      )}
      <Paper withBorder p={{ base: 'md', xs: 'xl' }}>
        <Stack gap="lg">
          <TokenSentence
            wish={{ ...wish, preset }}
            username={username}
            presets={presets}
            change={change}
            nameError={fieldError(making.error, 'service_name')}
          />
          {preset === 'custom' && (
            <ActionChoice possible={possible} chosen={wish.chosen} choose={(chosen) => change({ chosen })} />
          )}
          {wish.isMachine &&
            (isBound ? (
              <TagsInput
                label="Only from these addresses"
                description="Single ones or blocks, such as 10.0.0.0/8; Enter adds one"
                maw={520}
                autoFocus
                error={fieldError(making.error, 'allowedCidrs')}
                value={wish.cidrs}
                onChange={(cidrs) => change({ cidrs })}
              />
            ) : (
              <Anchor component="button" type="button" size="sm" w="fit-content" onClick={() => setIsBound(true)}>
                Only from certain addresses…
              </Anchor>
            ))}
          <Text size="sm" c="dimmed" maw={620}>
            {actions === null
              ? 'It can do what you can there, and never more: where you lose a right, it does, too.'
              : limitsOf(actions, wish.places)}
          </Text>
        </Stack>
      </Paper>
    </FormFrame>
  );
}
