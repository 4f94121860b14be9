import { Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { projectPermissionsQuery } from '../../api/team.ts';
import { inSeries, wordsForActions } from '../../ui/actions.ts';
import classes from '../../ui/list.module.css';
import { Problem } from '../../ui/Problem.tsx';
import { Why } from '../team/Why.tsx';

/** What all roles together come to, for each person. */
export function Results({ project }: { project: string }) {
  const everybody = useQuery(projectPermissionsQuery(project));
  if (everybody.isPending) return <Skeleton height={160} />;
  if (everybody.isError) {
    const retry = () => void everybody.refetch();
    return <Problem title="Who may do what here is not to be had" error={everybody.error} retry={retry} />;
  }
  const people = everybody.data.filter(({ actions }) => actions.length > 0);
  const others = everybody.data.filter(({ actions }) => actions.length === 0).map(({ username }) => username);
  return (
    <Stack gap="xs" component="section" aria-label="What it comes to">
      <Title order={2} size="h5">
        What it comes to
      </Title>
      <table className={classes.table} aria-label="What it comes to">
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">May</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {people.map(({ username, actions, sources }) => (
            <tr key={username}>
              <th scope="row">
                <Link to="/team/access" search={{ user: username, project }} className={classes.name}>
                  {username}
                </Link>
              </th>
              <td>{wordsForActions(actions).slice(0, 2).join(', ')}</td>
              <td>
                <Why sources={sources} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {others.length > 0 && (
        <Text size="sm" c="dimmed">
          Nothing in this project: {inSeries(others)}.
        </Text>
      )}
    </Stack>
  );
}
