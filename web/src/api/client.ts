import createClient from 'openapi-fetch';

import { session } from '../session/session.ts';
import type { components, paths } from './schema.d.ts';

export type Schemas = components['schemas'];

/** Why a request was refused, in the server's words. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** What is wrong with which field. */
  readonly fields: Record<string, string>;

  constructor(status: number, body: Partial<Schemas['ErrorBody']>) {
    super(body.message ?? `The server answered ${status}`);
    this.status = status;
    this.code = body.code ?? '';
    this.fields = body.errors ?? {};
  }
}

/** What to tell people about an error. */
export function wordsFor(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  return 'The server cannot be reached. Nothing is lost here; try again.';
}

export const api = createClient<paths>({ credentials: 'same-origin' });

api.use({
  onRequest({ request }) {
    // Without it the server takes a change for one that another site's form sent.
    if (request.method !== 'GET') request.headers.set('content-type', 'application/json');
    return request;
  },
  onResponse({ response }) {
    if (response.status === 401) session.refused();
  },
});

/**
 * The `ETag` that a change rests on. A proxy that compresses on the way weakens it, and the bytes are still those that it
 * is about; without one, nothing could be saved safely.
 */
export function tagOf(response: Response): string {
  const tag = response.headers.get('etag');
  if (tag === null) throw new Refusal(response.status, { message: 'A proxy took the ETag from the answer, which changes rest on.' });
  return tag.replace(/^W\//, '');
}

interface Called<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What the server answered, or its refusal, thrown. */
export async function answered<T>(call: Promise<Called<T>>): Promise<{ data: T; response: Response }> {
  const { data, error, response } = await call;
  if (!response.ok || data === undefined) {
    throw new Refusal(response.status, (error ?? {}) as Partial<Schemas['ErrorBody']>);
  }
  return { data, response };
}
