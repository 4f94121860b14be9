const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];
const A_WEEK = 7 * 86_400;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** How long ago, in the words that people use; from a week on, the date. */
export function ago(then: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - then.getTime()) / 1000);
  if (seconds >= A_WEEK) return dateOf(then, now);
  const unit = UNITS.find(([, length]) => seconds >= length);
  return unit === undefined ? 'just now' : relative.format(-Math.floor(seconds / unit[1]), unit[0]);
}

function dateOf(day: Date, now: Date): string {
  const sameYear = day.getFullYear() === now.getFullYear();
  return day.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) });
}

/** When it will be, in the same words. */
export function until(then: Date, now: Date): string {
  const seconds = Math.round((then.getTime() - now.getTime()) / 1000);
  if (seconds < 60) return 'in a moment';
  if (seconds >= A_WEEK) return dateOf(then, now);
  // What is half a minute short of an hour is said to be one.
  const [unit, length] = UNITS.find(([, size]) => seconds + 30 >= size) ?? ['minute', 60];
  return relative.format(Math.round(seconds / length), unit);
}
