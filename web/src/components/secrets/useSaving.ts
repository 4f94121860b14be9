import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { answered, api, Refusal, tagOf } from '../../api/client.ts';
import { type Keys, keysQuery } from '../../api/queries.ts';
import { conflictsOf, type Drafts, patchOf } from './drafts.ts';
import type { Place } from './references.ts';
import { tellUndoable } from './Undoable.tsx';
import { orTell } from './useActions.ts';

interface Options {
  mayUndo: boolean;
  /** The keys that are about to be changed from here, before anybody else hears of it. */
  begin: (keys: string[]) => void;
  saved: (drafts: Drafts, now: Keys) => void;
}

/**
 * Saves all drafts as one revision, on condition that none of their keys was changed by others since it was begun. What
 * others saved of other keys is no obstacle: the server is asked again, now knowing of it.
 */
export function useSaving({ project, config }: Place, { mayUndo, begin, saved }: Options) {
  const queries = useQueryClient();
  const query = keysQuery(project, config);
  const path = { project, config };

  /** Makes the config what it was, unless somebody saved since. No value comes to the page for it. */
  const undo = (keys: string[], before: number, etag: string) =>
    orTell('Not undone', async () => {
      begin(keys);
      const params = { path, header: { 'If-Match': etag } };
      const call = api.POST('/api/projects/{project}/configs/{config}/rollback', { params, body: { revision: before } });
      const { data } = await answered(call);
      await queries.invalidateQueries({ queryKey: query.queryKey });
      notifications.show({ message: `Undone as revision ${data.revision}` });
    });

  return useMutation({
    mutationFn: async ({ drafts, on }: { drafts: Drafts; on: Keys }) => {
      const body = patchOf(drafts);
      begin([...drafts.keys()]);
      const patch = async (keys: Keys) => {
        const params = { path, header: { 'If-Match': keys.etag } };
        const call = api.PATCH('/api/projects/{project}/configs/{config}/secrets', { params, body });
        const { data, response } = await answered(call);
        return { before: keys.revision, revision: data.revision, etag: tagOf(response) };
      };
      try {
        return await patch(on);
      } catch (error) {
        if (!(error instanceof Refusal) || error.status !== 412) throw error;
        // What came between shows once it is loaded.
        const now = await queries.fetchQuery({ ...query, staleTime: 0 });
        if (conflictsOf(now, drafts).length > 0) throw error;
        return await patch(now);
      }
    },
    onSuccess: async ({ before, revision, etag }, { drafts, on }) => {
      await queries.invalidateQueries({ queryKey: query.queryKey });
      saved(drafts, queries.getQueryData(query.queryKey) ?? on);
      const keys = [...drafts.keys()];
      if (!mayUndo) return notifications.show({ message: `Saved as revision ${revision}` });
      return tellUndoable(`Saved as revision ${revision}`, () => void undo(keys, before, etag));
    },
    // What it was called with holds values.
    gcTime: 0,
  });
}
