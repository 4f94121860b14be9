import { queryOptions } from '@tanstack/react-query';

import { answered, api, type Schemas } from '../../api/client.ts';

/** Tokens and sessions that one may see. */
export const tokensQuery = (revoked: boolean) =>
  queryOptions({
    queryKey: ['tokens', { revoked }],
    queryFn: async () => {
      const params = { query: { include_revoked: revoked } };
      return (await answered(api.GET('/api/auth/tokens/v2', { params }))).data.tokens;
    },
  });

export interface Issued {
  token: string;
  expiresAt: string | null;
}

const issued = ({ token, expires_at }: Schemas['NewToken']): Issued => ({ token, expiresAt: expires_at ?? null });

export async function makeServiceToken(body: Schemas['NewServiceToken']): Promise<Issued> {
  return issued((await answered(api.POST('/api/auth/tokens/v2/service', { body }))).data);
}

export async function makePersonalToken(body: Schemas['NewPersonalToken']): Promise<Issued> {
  return issued((await answered(api.POST('/api/auth/tokens/v2/personal', { body }))).data);
}

export async function rotateToken(tokenId: string, overlapSeconds: number): Promise<Issued> {
  const call = api.POST('/api/auth/tokens/v2/{tokenId}/rotate', {
    params: { path: { tokenId } },
    body: { overlapSeconds },
  });
  return issued((await answered(call)).data);
}

export async function revokeToken(token_id: string): Promise<void> {
  await answered(api.POST('/api/auth/tokens/v2/revoke', { body: { token_id } }));
}
