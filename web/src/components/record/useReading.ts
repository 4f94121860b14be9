import { useMutation } from '@tanstack/react-query';

/** Something that reads values: what it was called with and what it answered are kept nowhere. */
export function useReading<T>(read: (what: T) => Promise<void>) {
  return useMutation({ mutationFn: read, gcTime: 0 });
}
