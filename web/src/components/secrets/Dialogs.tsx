import type { Schemas } from '../../api/client.ts';
import type { Keys } from '../../api/queries.ts';
import { AddSecret } from './AddSecret.tsx';
import type { Drafts, Row } from './drafts.ts';
import { ImportSecrets } from './ImportSecrets.tsx';
import { InheritFrom } from './InheritFrom.tsx';
import type { Place } from './references.ts';
import { RenameSecret } from './RenameSecret.tsx';
import { Review } from './Review.tsx';
import { orTell, valueOf } from './useActions.ts';
import type { useDrafts } from './useDrafts.ts';
import type { useImport } from './useImport.ts';

export type Dialog = 'add' | 'review' | 'inherit' | { rename: Row };

interface Props {
  dialog: Dialog | null;
  place: Place;
  keys: Keys;
  drafts: Drafts;
  conflicts: string[];
  isSaving: boolean;
  change: Omit<ReturnType<typeof useDrafts>, 'drafts'>;
  coming: ReturnType<typeof useImport>;
  save: () => void;
  close: () => void;
}

/** What lies over the table while something is asked. All of it ends among the changes that are not saved. */
export function Dialogs({ dialog, place, keys, drafts, conflicts, isSaving, change, coming, save, close }: Props) {
  const { meta } = keys;
  const set = (key: string, value: string) => change.put(key, { kind: 'set', value }, meta[key]);
  const rename = (row: Row, to: string) =>
    void orTell(`${row.key} could not be renamed`, async () => {
      set(to, await valueOf(place, row));
      change.put(row.key, { kind: 'remove' }, row.meta);
    });
  const addAll = (read: Schemas['KeyChange'][]) => {
    const [same, other] = [read.filter(isSame), read.filter((key) => !isSame(key))];
    // What the config has already is no change, whatever was typed before.
    change.drop(same.map(({ key }) => key));
    change.putAll(other.map(({ key, value }) => [key, { kind: 'set', value: value ?? '' }, meta[key]]));
    coming.close();
  };
  return (
    <>
      <AddSecret
        place={place}
        opened={dialog === 'add'}
        close={close}
        has={(key) => drafts.has(key) || meta[key]?.inherited === false}
        add={set}
      />
      {dialog === 'inherit' && <InheritFrom place={place} close={close} />}
      {dialog === 'review' && drafts.size > 0 && (
        <Review
          place={place}
          keys={keys}
          drafts={drafts}
          conflicts={conflicts}
          isSaving={isSaving}
          keepMine={(key) => change.rebase(key, meta[key])}
          keepTheirs={(key) => change.drop([key])}
          save={save}
          close={close}
        />
      )}
      {dialog !== null && typeof dialog === 'object' && (
        <RenameSecret
          row={dialog.rename}
          close={close}
          has={(key) => drafts.has(key) || key in meta}
          rename={rename}
        />
      )}
      {coming.source !== null && (
        <ImportSecrets place={place} keys={keys} coming={coming} source={coming.source} add={addAll} />
      )}
    </>
  );
}

const isSame = ({ change }: Schemas['KeyChange']) => change === 'same';
