import type { ReactNode } from 'react';

import { useMay } from '../../api/permissions.ts';
import { PageHead } from '../../ui/PageHead.tsx';
import { PageTabs } from '../../ui/PageTabs.tsx';

/** How each of the team's pages begins. */
export function TeamHead({ about, children }: { about: string; children?: ReactNode }) {
  const may = useMay();
  const groups = { name: 'Groups', to: '/team/groups' } as const;
  return (
    <>
      <PageHead title="Team" about={about}>
        {children}
      </PageHead>
      <PageTabs
        label="Team"
        tabs={[
          { name: 'Members', to: '/team' },
          ...(may('workspace:groups:read') ? [groups] : []),
          { name: 'Who may do what', to: '/team/access' },
        ]}
      />
    </>
  );
}
