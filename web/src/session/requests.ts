import { answered, api } from '../api/client.ts';

export async function signIn(username: string, password: string) {
  const { data } = await answered(api.POST('/api/auth/session', { body: { username, password } }));
  return data;
}

export async function signOut() {
  await answered(api.DELETE('/api/auth/session'));
  // Everything that this page knows goes with it.
  window.location.assign('/');
}

/** Makes the first user and signs them in, by the cookie alone. */
export async function makeOwner(username: string, password: string, setupToken: string) {
  const header = setupToken === '' ? {} : { 'X-Setup-Token': setupToken };
  const { data } = await answered(
    api.POST('/api/onboarding/bootstrap', { body: { username, password }, params: { header } }),
  );
  await signIn(username, password);
  // Made for scripts; here it would only lie about until it expires, as it does where this fails.
  await api.POST('/api/auth/tokens/v2/revoke', { body: { token: data.token } }).catch(() => undefined);
}
