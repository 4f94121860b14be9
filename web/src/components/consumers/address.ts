/** Which consumers the address asks for. */
export interface ConsumersSearch {
  state?: 'behind' | undefined;
}

export function consumersSearch({ state }: Record<string, unknown>): ConsumersSearch {
  return state === 'behind' ? { state } : {};
}
