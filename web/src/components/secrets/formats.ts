// The three forms in which secrets come and go as a file.

export type Format = 'env' | 'json' | 'yaml';

export const FORMATS: { format: Format; name: string }[] = [
  { format: 'env', name: '.env' },
  { format: 'json', name: 'JSON' },
  { format: 'yaml', name: 'YAML' },
];

/** Which form a file has, from its name, or else from what is in it. Whoever sees the preview can say otherwise. */
export function formatOf(text: string, file?: string): Format {
  const ending = file?.split('.').at(-1)?.toLowerCase();
  if (ending === 'json') return 'json';
  if (ending === 'yaml' || ending === 'yml') return 'yaml';
  if (file !== undefined && file !== '') return 'env';
  if (text.trimStart().startsWith('{')) return 'json';
  const first = text.split('\n').find((line) => line.trim() !== '' && !/^\s*#/.test(line)) ?? '';
  return /^(---|[A-Za-z_][A-Za-z0-9_]*\s*:(\s|$))/.test(first) ? 'yaml' : 'env';
}

/** Whether a text that was pasted looks like a file of secrets, and not like something that was meant for elsewhere. */
export function isLikeFile(text: string): boolean {
  return text.trimStart().startsWith('{') || /^\s*(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*(=|:\s)/m.test(text);
}

/** What a downloaded file is called. */
export function fileName(project: string, config: string, format: Format): string {
  return `${project}-${config}.${format}`;
}

/** What is wrong with a file, by line, from the server's `errors`. */
export function brokenLines(errors: Record<string, string>): { line: number; problem: string }[] {
  return Object.entries(errors)
    .map(([where, problem]) => ({ line: Number(/^line (\d+)$/.exec(where)?.[1]), problem }))
    .filter(({ line }) => !Number.isNaN(line))
    .sort((one, other) => one.line - other.line);
}
