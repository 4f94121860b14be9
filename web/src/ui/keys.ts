const FIELDS = 'textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])';

/** Takes a key for a shortcut, unless it is text for a field, or something lies over the page. */
export function takesKey(event: KeyboardEvent): boolean {
  const active = document.activeElement;
  if (active?.matches(FIELDS) || active?.closest('[role=dialog], [role=menu], [role=listbox]')) return false;
  if (event.defaultPrevented) return false;
  event.preventDefault();
  return true;
}
