import { useDebouncedCallback, useWindowEvent } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { answered, api, type Schemas } from '../../api/client.ts';
import { type Format, formatOf, isLikeFile } from './formats.ts';
import type { Place } from './references.ts';

export interface Source {
  text: string;
  format: Format;
  file?: string;
}

/** A file on its way in: what it would change, as the server reads it. Its values are kept for as long as the dialog is open. */
export function useImport({ project, config }: Place) {
  const [source, setSource] = useState<Source | null>(null);
  const trying = useMutation({
    mutationFn: async ({ text, format }: Source): Promise<Schemas['KeyChange'][]> => {
      const params = { path: { project, config }, query: { format, dryRun: true, values: true } };
      const call = api.POST('/api/projects/{project}/configs/{config}/secrets/import', {
        params,
        body: text,
        bodySerializer: (file) => file,
      });
      return (await answered(call)).data.keys;
    },
    gcTime: 0,
  });
  const tryIt = (next: Source) => (next.text.trim() === '' ? trying.reset() : trying.mutate(next));
  const trySoon = useDebouncedCallback(tryIt, 300);
  return {
    source,
    trying,
    open: (text: string, file?: string) => {
      trySoon.cancel();
      const next = { text, format: formatOf(text, file), ...(file === undefined ? {} : { file }) };
      setSource(next);
      tryIt(next);
    },
    change: (next: Source) => {
      setSource(next);
      trySoon(next);
    },
    close: () => {
      trySoon.cancel();
      setSource(null);
      trying.reset();
    },
  };
}

const FIELDS = 'input, textarea, select, [contenteditable], [role=dialog] *';

/** Takes what is pasted outside of a field, or dropped anywhere. */
export function useArriving(isOpen: boolean, arrived: (text: string, file?: string) => void) {
  const [isOver, setIsOver] = useState(false);
  const hasFile = (event: DragEvent) => isOpen && event.dataTransfer?.types.includes('Files') === true;
  useWindowEvent('paste', (event) => {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!isOpen || document.activeElement?.matches(FIELDS) || !isLikeFile(text)) return;
    event.preventDefault();
    arrived(text);
  });
  useWindowEvent('dragover', (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    setIsOver(true);
  });
  useWindowEvent('dragleave', (event) => {
    if (event.relatedTarget === null) setIsOver(false);
  });
  useWindowEvent('drop', (event) => {
    setIsOver(false);
    const file = event.dataTransfer?.files[0];
    if (!hasFile(event) || file === undefined) return;
    event.preventDefault();
    void file.text().then((text) => arrived(text, file.name));
  });
  return isOver;
}
