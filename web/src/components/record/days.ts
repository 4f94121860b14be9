/** Things that happened, by the days on which they did. */
export interface Day<T> {
  /** `2026-11-24`, in the reader's time. */
  date: string;
  title: string;
  items: T[];
}

/** Groups what is in the order of time, either way, by the reader's days. */
export function byDay<T>(items: T[], at: (item: T) => string, now: Date): Day<T>[] {
  const days: Day<T>[] = [];
  for (const item of items) {
    const then = new Date(at(item));
    const date = dateOf(then);
    const last = days.at(-1);
    if (last?.date === date) last.items.push(item);
    else days.push({ date, title: titleOf(then, now), items: [item] });
  }
  return days;
}

function dateOf(time: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

function titleOf(then: Date, now: Date): string {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (dateOf(then) === dateOf(now)) return 'Today';
  if (dateOf(then) === dateOf(yesterday)) return 'Yesterday';
  const sameYear = then.getFullYear() === now.getFullYear();
  const weekday = then.toLocaleDateString('en-GB', { weekday: 'long' });
  return `${weekday}, ${then.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) })}`;
}
