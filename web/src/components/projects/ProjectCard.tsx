import { Button, Paper, Skeleton, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import type { Schemas } from '../../api/client.ts';
import { useMay } from '../../api/permissions.ts';
import { configsQuery } from '../../api/queries.ts';
import { PlusIcon } from '../../ui/icons.tsx';
import { Problem } from '../../ui/Problem.tsx';
import { When } from '../../ui/When.tsx';
import { NewConfig } from './NewConfig.tsx';
import classes from './ProjectCard.module.css';
import { inTree } from './tree.ts';

export function ProjectCard({ project }: { project: Schemas['Project'] }) {
  const configs = useQuery(configsQuery(project.slug));
  const may = useMay(project.slug);
  const [isMaking, setIsMaking] = useState(false);
  const heading = `project-${project.slug}`;
  return (
    <Paper component="section" withBorder id={project.slug} aria-labelledby={heading} className={classes.card}>
      <div className={classes.head}>
        <Title order={2} size="h5" id={heading} className={classes.name}>
          <Link to="/p/$project" params={{ project: project.slug }} className={classes.link}>
            {project.slug}
          </Link>
        </Title>
        {configs.data && may('configs:write') && (
          <Button
            variant="default"
            size="xs"
            leftSection={<PlusIcon />}
            aria-label={`New config in ${project.slug}`}
            onClick={() => setIsMaking(true)}
          >
            New config
          </Button>
        )}
        {project.description && (
          <Text size="sm" c="dimmed" className={classes.description}>
            {project.description}
          </Text>
        )}
      </div>
      {configs.isPending && <Skeleton height={39} radius={0} />}
      {configs.isLoadingError && (
        <Problem title="Its configs are not to be had" error={configs.error} retry={() => void configs.refetch()} />
      )}
      {configs.data && (
        <>
          <NewConfig project={project.slug} configs={configs.data} opened={isMaking} close={() => setIsMaking(false)} />
          {configs.data.length === 0 ? (
            <Text size="sm" c="dimmed" className={classes.empty}>
              No configs yet. The first one, often called base, is for what is the same everywhere.
            </Text>
          ) : (
            <ul className={classes.configs}>
              {inTree(configs.data).map(({ config, depth }) => (
                <li key={config.slug}>
                  <ConfigLine project={project.slug} config={config} depth={depth} />
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Paper>
  );
}

function ConfigLine({ project, config, depth }: { project: string; config: Schemas['Config']; depth: number }) {
  return (
    <Link to="/p/$project/c/$config" params={{ project, config: config.slug }} className={classes.config}>
      <span className={classes.what} style={{ paddingInlineStart: depth * 20 }}>
        {depth > 0 && (
          <span aria-hidden="true" className={classes.quiet}>
            ↳
          </span>
        )}
        <span className={classes.slug}>{config.slug}</span>
        {config.parentSlug && <span className={classes.quiet}>inherits {config.parentSlug}</span>}
      </span>
      <span className={classes.keys}>{keysInWords(config)}</span>
      <span className={classes.changed}>
        <When at={config.updatedAt} /> by {config.updatedBy}
      </span>
    </Link>
  );
}

/** Counts of keys, where those of its own are not all of them. */
function keysInWords({ keys, ownKeys }: Schemas['Config']): string {
  if (keys === 0) return 'no keys';
  const all = keys === 1 ? '1 key' : `${keys} keys`;
  return keys === ownKeys ? all : `${all}, ${ownKeys} own`;
}
