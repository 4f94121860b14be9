/** What the keyboard does on the secrets page, for the list under `?`. */
export const SHORTCUTS: { keys: string; does: string }[] = [
  { keys: '/', does: 'Filter keys' },
  { keys: 'j k', does: 'Next and previous key, as the arrows do' },
  { keys: 'Enter', does: 'Edit' },
  { keys: 'Space', does: 'Reveal or hide' },
  { keys: 'c', does: 'Copy the value' },
  { keys: 'n', does: 'New secret' },
  { keys: '⌘S', does: 'Save as one revision' },
  { keys: '[ ]', does: 'Previous and next config' },
  { keys: 'Esc', does: 'Hide, or leave the row' },
];
