import { Button, CloseButton, Group, Paper, Stack, Text, Title, Tooltip } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import { CheckIcon } from '../../ui/icons.tsx';
import classes from './FirstSteps.module.css';
import type { Progress, StepName } from './steps.ts';

const WORDS: Record<StepName, { title: string; why: string }> = {
  project: { title: 'A project', why: 'One application, with all the places where it runs.' },
  config: { title: 'A config for what is the same everywhere', why: 'Often called base.' },
  heir: {
    title: 'A config that inherits from it',
    why: 'Such as prod: it has all keys of base, and overrides those that differ.',
  },
  secret: { title: 'A secret', why: 'Type one, or paste a whole .env file into the config’s page.' },
  token: { title: 'A token', why: 'With it a machine reads what it needs, and nothing else.' },
};

interface Props {
  progress: Progress;
  makeProject: () => void;
  makeConfig: (parent?: string) => void;
  putAway: () => void;
}

/** What a new workspace lacks, ticked off by itself. */
export function FirstSteps({ progress, makeProject, makeConfig, putAway }: Props) {
  const { steps, next } = progress;
  return (
    <Paper component="section" withBorder aria-labelledby="first-steps" className={classes.steps}>
      <Group justify="space-between" wrap="nowrap">
        <Title order={2} size="h5" id="first-steps">
          First steps
        </Title>
        <Tooltip label="Put away">
          <CloseButton aria-label="Put the first steps away" onClick={putAway} />
        </Tooltip>
      </Group>
      <ol className={classes.list}>
        {steps.map(({ name, isDone }) => (
          <li key={name} className={classes.step} data-done={isDone} aria-current={name === next ? 'step' : undefined}>
            <span className={classes.mark} role="img" aria-label={isDone ? 'Done' : 'To do'}>
              {isDone && <CheckIcon />}
            </span>
            <Stack gap={0} className={classes.words}>
              <Text size="sm" fw={name === next ? 600 : 400} {...(isDone && { c: 'dimmed' })}>
                {WORDS[name].title}
              </Text>
              {name === next && (
                <Text size="sm" c="dimmed">
                  {WORDS[name].why}
                </Text>
              )}
            </Stack>
            {name === next && <Act name={name} {...{ progress, makeProject, makeConfig }} />}
          </li>
        ))}
      </ol>
    </Paper>
  );
}

type ActProps = Pick<Props, 'progress' | 'makeProject' | 'makeConfig'> & { name: StepName };

function Act({ name, progress, makeProject, makeConfig }: ActProps) {
  const { project, config } = progress;
  switch (name) {
    case 'project':
      return <Button onClick={makeProject}>Make the first project</Button>;
    case 'config':
      return <Button onClick={() => makeConfig()}>Make the first config</Button>;
    case 'heir':
      return <Button onClick={() => makeConfig(config ?? undefined)}>Inherit from {config}</Button>;
    case 'secret':
      return (
        <Button
          renderRoot={(props) => (
            <Link to="/p/$project/c/$config" params={{ project: project ?? '', config: config ?? '' }} {...props} />
          )}
        >
          Go to {config}
        </Button>
      );
    case 'token':
      return (
        <Button
          renderRoot={(props) => (
            <Link to="/tokens/new" search={{ project: project ?? undefined, config: config ?? undefined }} {...props} />
          )}
        >
          Make a token for {config}
        </Button>
      );
  }
}
