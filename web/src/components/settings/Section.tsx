import { Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

import classes from './settings.module.css';

/** Settings that belong together. */
export function Section({ title, about, children }: { title: string; about?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes.section} aria-label={title}>
      <div>
        <Title order={2} size="h5">
          {title}
        </Title>
        {about !== undefined && (
          <Text size="sm" c="dimmed">
            {about}
          </Text>
        )}
      </div>
      {children}
    </section>
  );
}
