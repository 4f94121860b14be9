import { Button, Group, Select, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useDeferredValue, useMemo, useState } from 'react';

import { gridQuery } from '../../api/compare.ts';
import { useMay } from '../../api/permissions.ts';
import { configsQuery } from '../../api/queries.ts';
import { Empty } from '../../ui/Empty.tsx';
import { PageHead } from '../../ui/PageHead.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { changed, type CompareSearch } from './address.ts';
import { CellCard } from './CellCard.tsx';
import { CompareGrid, type Opened } from './CompareGrid.tsx';
import { CompareToolbar, Legend } from './CompareToolbar.tsx';
import classes from './compare.module.css';
import { ConfigDifference } from './ConfigDifference.tsx';
import { columnsOf, rowsOf } from './grid.ts';
import { Promote, type Wish } from './Promote.tsx';
import { count } from './promotion.ts';

interface Props {
  project: string;
  search: CompareSearch;
  /** Goes where the address says so. */
  go: (search: CompareSearch) => void;
}

const NOBODY: ReadonlySet<string> = new Set();

/** A project's keys in all of its configs. */
export function Compare({ project, search, go }: Props) {
  const grid = useQuery(gridQuery(project));
  const configs = useQuery(configsQuery(project));
  const may = useMay(project);
  const mayReveal = may('secrets:read');
  const mayPromote = mayReveal && may('secrets:write');
  const [selected, setSelected] = useState(NOBODY);
  const [opened, setOpened] = useState<Opened | null>(null);
  const [wish, setWish] = useState<Wish | null>(null);
  const change = (part: Parameters<typeof changed>[1]) => go(changed(search, part));
  const toggle = useCallback(
    (key: string) =>
      setSelected((before) => {
        const next = new Set(before);
        if (!next.delete(key)) next.add(key);
        return next;
      }),
    [],
  );
  // Typing goes before drawing.
  const wanted = useDeferredValue(search);
  const columns = useMemo(() => (grid.data ? columnsOf(grid.data, configs.data ?? [], wanted) : []), [grid.data, configs.data, wanted]);
  const rows = useMemo(() => (grid.data ? rowsOf(grid.data, columns, wanted) : []), [grid.data, columns, wanted]);

  if (grid.isPending || configs.isPending) return <Skeleton height={420} radius="md" aria-label="Loading" />;
  if (grid.data === undefined) {
    return <Problem title="The configs cannot be compared" error={grid.error} retry={() => void grid.refetch()} />;
  }
  const slugs = columnsOf(grid.data, configs.data ?? [], {}).map(({ slug }) => slug);
  const openedCell = opened && rows.find(({ key }) => key === opened.key)?.cells[opened.column];
  const openedConfig = opened && columns[opened.column]?.slug;
  return (
    <Stack gap="md">
      <PageHead title="Compare" about="All keys of the project in all of its configs, without their values." />
      {grid.data.rows.length === 0 ? (
        <Empty text="There is nothing to compare yet. Once configs have keys, this shows where each is set, inherited, overridden or missing." />
      ) : (
        <>
          <CompareToolbar configs={slugs} search={search} change={change} />
          {search.from !== undefined && search.to === undefined && (
            <ChooseOther from={search.from} configs={slugs} choose={(to) => change({ to })} cancel={() => change({ from: undefined })} />
          )}
          <Legend />
          {rows.length === 0 || columns.length === 0 ? (
            <Text c="dimmed" py="lg">
              {columns.length === 0 ? 'All configs are hidden.' : 'No key is like that.'}
            </Text>
          ) : (
            <CompareGrid
              project={project}
              columns={columns}
              rows={rows}
              search={search}
              change={change}
              selected={selected}
              toggle={mayPromote ? toggle : undefined}
              open={setOpened}
              scrolled={() => setOpened(null)}
            />
          )}
          <Text size="xs" c="dimmed" role="status">
            {count(rows.length, 'key')} in {count(columns.length, 'config')}
          </Text>
        </>
      )}
      {selected.size > 0 && (
        <section className={classes.bar} aria-label="Selected keys">
          <Text size="sm" fw={500}>
            {count(selected.size, 'key')} selected
          </Text>
          <Group gap="xs">
            <Button variant="default" onClick={() => setSelected(NOBODY)}>
              Clear
            </Button>
            <Button onClick={() => setWish({ keys: [...selected].sort() })}>Promote…</Button>
          </Group>
        </section>
      )}
      {opened && openedCell && openedConfig && (
        <CellCard
          key={`${opened.key} ${openedConfig}`}
          project={project}
          name={opened.key}
          config={openedConfig}
          cell={openedCell}
          at={opened.at}
          mayReveal={mayReveal}
          promote={
            mayPromote
              ? () => {
                  setOpened(null);
                  setWish({ keys: [opened.key], from: openedConfig });
                }
              : undefined
          }
          close={() => {
            setOpened(null);
            opened.cell.focus();
          }}
        />
      )}
      <ConfigDifference
        project={project}
        grid={grid.data}
        from={search.from}
        to={search.to}
        mayReveal={mayReveal}
        promote={mayPromote ? setWish : undefined}
        swap={() => change({ from: search.to, to: search.from })}
        close={() => change({ from: undefined, to: undefined })}
      />
      <Promote
        project={project}
        configs={slugs}
        wish={wish}
        close={() => {
          setWish(null);
          setSelected(NOBODY);
        }}
      />
    </Stack>
  );
}

interface ChooseProps {
  from: string;
  configs: string[];
  choose: (to: string) => void;
  cancel: () => void;
}

function ChooseOther({ from, configs, choose, cancel }: ChooseProps) {
  return (
    <div className={classes.choosing}>
      <Text size="sm">Compare {from} with</Text>
      <Select
        size="xs"
        aria-label={`Compare ${from} with`}
        placeholder="Another config"
        searchable
        data={configs.filter((slug) => slug !== from)}
        value={null}
        onChange={(to) => to !== null && choose(to)}
      />
      <Button size="xs" variant="default" onClick={cancel}>
        Cancel
      </Button>
    </div>
  );
}
