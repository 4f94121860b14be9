/** A key, or keys one after the other, as people read it. */
export interface Shortcut {
  keys: string[];
  does: string;
}

/** What the list under `?` tells. None of it fires while somebody types. */
export const SHORTCUTS: { where: string; shortcuts: Shortcut[] }[] = [
  {
    where: 'Everywhere',
    shortcuts: [
      { keys: ['Ctrl K', '⌘ K'], does: 'Go anywhere' },
      { keys: ['g p'], does: 'Projects' },
      { keys: ['g t'], does: 'Tokens' },
      { keys: ['g m'], does: 'Team' },
      { keys: ['g a'], does: 'Audit' },
      { keys: ['?'], does: 'This list' },
    ],
  },
  {
    where: 'In a config',
    shortcuts: [
      { keys: ['/', 'Ctrl F', '⌘ F'], does: 'Filter keys' },
      { keys: ['j', 'k'], does: 'Next and previous row' },
      { keys: ['Enter'], does: 'Edit the value' },
      { keys: ['Space'], does: 'Reveal or hide the value' },
      { keys: ['c'], does: 'Copy the value' },
      { keys: ['n'], does: 'Add a secret' },
      { keys: ['Ctrl S', '⌘ S'], does: 'Save as one revision' },
      { keys: ['[', ']'], does: 'Previous and next config' },
    ],
  },
  {
    where: 'While a value is edited',
    shortcuts: [
      { keys: ['Ctrl Enter', '⌘ Enter'], does: 'Keep it' },
      { keys: ['Esc'], does: 'Restore what it was' },
    ],
  },
];
