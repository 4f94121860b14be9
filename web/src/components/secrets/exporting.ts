import { answered, api, type Schemas } from '../../api/client.ts';
import { type Format, fileName } from './formats.ts';
import type { Place } from './references.ts';

/** All values of a config, inherited ones included, in one read on record. They are kept in no cache. */
export async function readAll({ project, config }: Place): Promise<Record<string, string>> {
  const params = { path: { project, config }, query: { include_meta: false } };
  const call = api.GET('/api/projects/{project}/configs/{config}/secrets', { params });
  const { data } = (await answered(call)).data as Schemas['Export'];
  // There is none without a value, since they were asked for.
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value ?? '']));
}

export async function exported(place: Place, format: Format): Promise<string> {
  if (format === 'json') return `${JSON.stringify(await readAll(place), null, 2)}\n`;
  const params = { path: { project: place.project, config: place.config }, query: { format } };
  const call = api.GET('/api/projects/{project}/configs/{config}/secrets', { params, parseAs: 'text' });
  return (await answered(call)).data;
}

/** Gives a text to the browser as a file. */
export function download({ project, config }: Place, format: Format, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName(project, config, format);
  link.click();
  URL.revokeObjectURL(url);
}
