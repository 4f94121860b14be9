import { Button, Menu, Stack, Switch } from '@mantine/core';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';

import { eventsQuery, exportAddress, tailQuery } from '../../api/audit.ts';
import { allows, permissionsQuery, useMay } from '../../api/permissions.ts';
import { Empty } from '../../ui/Empty.tsx';
import { End } from '../../ui/End.tsx';
import { PageHead } from '../../ui/PageHead.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { type AuditSearch, filterOf, paused } from './address.ts';
import classes from './audit.module.css';
import { EventList } from './EventList.tsx';
import { Filters } from './Filters.tsx';
import { Verify } from './Verify.tsx';

interface Props {
  search: AuditSearch;
  /** Goes where the address says so. */
  go: (search: AuditSearch) => void;
}

/** Who did what. */
export function Audit({ search, go }: Props) {
  const mayEverywhere = useMay()('audit:read');
  const permissions = useQuery(permissionsQuery).data;
  // Who may not read all of it is asked for one project at a time.
  const projects = useMemo(
    () =>
      permissions === undefined || mayEverywhere
        ? undefined
        : permissions.projects.map(({ project }) => project).filter((project) => allows(permissions, 'audit:read', project)),
    [permissions, mayEverywhere],
  );
  const bound = useMemo(
    () => (projects?.[0] === undefined || search.project !== undefined ? search : { ...search, project: projects[0] }),
    [projects, search],
  );
  if (permissions === undefined) return null;
  if (projects?.length === 0) {
    return (
      <Stack gap="md">
        <PageHead title="Audit" />
        <Empty text="Your role does not include the record of any project. Somebody who administers this server can give it to you." />
      </Stack>
    );
  }
  return (
    <Stack gap="md">
      <PageHead
        title="Audit"
        about={
          mayEverywhere
            ? 'Every change, read and refusal, in a record that cannot be changed without a trace.'
            : 'Changes, reads and refusals, of one project at a time among those whose record you may read.'
        }
      >
        {mayEverywhere && (
          <>
            <ExportMenu />
            <Verify />
          </>
        )}
      </PageHead>
      <div className={classes.toolbar}>
        <Filters search={bound} projects={projects} go={go} />
        <Switch
          size="sm"
          className={classes.live ?? ''}
          label="Live tail"
          checked={search.live ?? false}
          onChange={(event) => go(event.currentTarget.checked ? { ...search, live: true } : paused(search))}
        />
      </div>
      <Events search={bound} go={go} />
    </Stack>
  );
}

function Events({ search, go }: Props) {
  const queries = useQueryClient();
  const filter = useMemo(() => filterOf(search), [search]);
  const events = useInfiniteQuery(eventsQuery(filter));
  useQuery({ ...tailQuery(queries, filter), enabled: search.live === true && events.isSuccess });
  const narrow = useCallback((more: AuditSearch) => go({ ...search, ...more }), [search, go]);
  if (events.isPending) return null;
  if (events.data === undefined) {
    return <Problem title="The record is not to be had" error={events.error} retry={() => void events.refetch()} />;
  }
  const all = events.data.pages.flatMap((page) => page.events);
  return (
    <div>
      {all.length === 0 && !events.hasNextPage && <Empty text="Nothing on record is like that." />}
      <Stack gap="md">
        <EventList events={all} narrow={narrow} />
      </Stack>
      {events.hasNextPage && <End key={events.data.pages.length} reached={() => void events.fetchNextPage()} />}
    </div>
  );
}

function ExportMenu() {
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <Button variant="default">Export</Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={exportAddress('journal')} download="audit.jsonl">
          Changes, as lines of JSON
        </Menu.Item>
        <Menu.Item component="a" href={exportAddress('access')} download="access.jsonl">
          Reads and refusals, as lines of JSON
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
