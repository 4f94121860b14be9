/** Takes a key for a shortcut, unless it is text for a field. */
export function takesKey(event: KeyboardEvent): boolean {
  const typing = document.activeElement?.matches('textarea, select, input:not([type=radio], [type=checkbox])');
  if (typing) return false;
  event.preventDefault();
  return true;
}
