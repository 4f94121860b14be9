import { Anchor, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { permissionsQuery } from '../api/permissions.ts';
import { meQuery } from '../api/queries.ts';
import classes from '../components/account/account.module.css';
import { ChangePassword } from '../components/account/ChangePassword.tsx';
import { OwnRights } from '../components/account/OwnRights.tsx';
import { Profile } from '../components/account/Profile.tsx';
import { Sessions } from '../components/account/Sessions.tsx';
import { tokensQuery } from '../components/tokens/queries.ts';
import { isKept } from '../components/tokens/words.ts';
import { PageHead } from '../ui/PageHead.tsx';
import { Problem } from '../ui/Problem.tsx';
import { useTitle } from '../ui/useTitle.ts';

export function Account() {
  useTitle('Account');
  const me = useQuery(meQuery).data;
  const permissions = useQuery(permissionsQuery);
  const tokens = useQuery(tokensQuery(false));
  if (me === undefined) return null;
  const own = tokens.data?.filter(({ subject_user }) => subject_user === me.username);
  const kept = own?.filter(isKept).length ?? 0;
  return (
    <Stack gap="xl">
      <PageHead title={me.username} about="Your account: what is known of you, where you are signed in, and what you may do." />
      <Section title="Profile" about="Shown to the other members.">
        <Profile me={me} />
      </Section>
      <Section title="Password">
        <ChangePassword username={me.username} />
      </Section>
      <Section title="Sessions" about="One ends by itself after 24 hours, or when it is left alone for 8.">
        {tokens.isPending && <Skeleton height={120} />}
        {tokens.isLoadingError && (
          <Problem title="Your sessions are not to be had" error={tokens.error} retry={() => void tokens.refetch()} />
        )}
        {own !== undefined && <Sessions sessions={own.filter((token) => !isKept(token)).reverse()} />}
      </Section>
      <Section title="Personal tokens" about="For your own scripts; they live for a day at most.">
        <Text size="sm">
          {kept === 0 ? 'You have none. ' : kept === 1 ? 'You have one. ' : `You have ${kept}. `}
          {kept > 0 && (
            <>
              <Anchor underline="always" renderRoot={(props) => <Link to="/tokens" search={{ show: 'mine' }} {...props} />}>See your tokens</Anchor>
              {' or '}
            </>
          )}
          <Anchor component={Link} to="/tokens/new" underline="always">
            {kept === 0 ? 'Make a token' : 'make another one'}
          </Anchor>
          .
        </Text>
      </Section>
      <Section title="What you may do" about="Owners and admins give roles on the Team page.">
        {permissions.isPending && <Skeleton height={120} />}
        {permissions.data !== undefined && <OwnRights permissions={permissions.data} />}
      </Section>
      <Text size="sm" c="dimmed">
        The console is made of software of others, under <Anchor href="/licences.txt" underline="always">their licences</Anchor>.
      </Text>
    </Stack>
  );
}

function Section({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  const heading = `account-${title.toLowerCase().replaceAll(' ', '-')}`;
  return (
    <section className={classes.section} aria-labelledby={heading}>
      <div>
        <Title order={2} size="h5" id={heading}>
          {title}
        </Title>
        {about !== undefined && (
          <Text size="sm" c="dimmed">
            {about}
          </Text>
        )}
      </div>
      <div className={classes.body}>{children}</div>
    </section>
  );
}
