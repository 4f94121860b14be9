import type { Promotion } from '../../api/compare.ts';
import type { Schemas } from '../../api/client.ts';

/** Says `1 key`, `3 keys`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** What a promotion comes to: `2 new and 1 changed in prod; 1 is the same already.` */
export function summaryOf(keys: Schemas['KeyChange'][], { to }: Promotion): string {
  const of = (change: string) => keys.filter((key) => key.change === change).length;
  const parts = [`${of('new')} new`, `${of('changed')} changed`].filter((part) => !part.startsWith('0'));
  const same = of('same');
  if (parts.length === 0) return `Nothing would change in ${to}.`;
  const rest = same === 0 ? '' : `; ${same} ${same === 1 ? 'is' : 'are'} the same already`;
  return `${parts.join(' and ')} in ${to}${rest}.`;
}
