import { Stack, Tabs, Text } from '@mantine/core';

import { CopyButton } from '../../ui/CopyButton.tsx';
import { type Snippet, snippetsFor, type Use } from './snippets.ts';
import classes from './tokens.module.css';

/** How the token is used from here on. */
export function Snippets(use: Use) {
  const snippets = snippetsFor(use);
  return (
    <Tabs defaultValue={snippets[0]?.title ?? null}>
      <Tabs.List>
        {snippets.map(({ title }) => (
          <Tabs.Tab key={title} value={title}>
            {title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {snippets.map((snippet) => (
        <Tabs.Panel key={snippet.title} value={snippet.title} pt="sm">
          <SnippetText {...snippet} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

/** One way to use a token, to be copied. */
export function SnippetText({ title, hint, text }: Snippet) {
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {hint}
      </Text>
      <div className={classes.snippet}>
        <pre className={classes.code} tabIndex={0} aria-label={`${title} snippet`}>
          {text}
        </pre>
        <CopyButton text={text} what={`the ${title} snippet`} />
      </div>
    </Stack>
  );
}
