// The licences of what the console is made of and made with. Node runs this file as it is, for `npm run check`.

import { readFileSync } from 'node:fs';

/** What may be in the console: a new licence is a decision, as in deny.toml. */
export const SHIPPED = ['0BSD', 'BSD-3-Clause', 'MIT', '(MIT OR CC0-1.0)', 'Unlicense'];

/** What may build and try it besides. None of it is in the console. */
const TOOLS = ['Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'CC-BY-4.0', 'ISC', 'MPL-2.0', 'Python-2.0'];

/**
 * The packages of a lock file whose licence is not on the lists.
 * @param {string} lock
 * @returns {string[]}
 */
export function strangers(lock) {
  /** @type {Record<string, { version?: string; license?: string; dev?: boolean }>} */
  const packages = JSON.parse(lock).packages;
  return Object.entries(packages)
    .filter(([path, { license = '', dev }]) => {
      const isKnown = SHIPPED.includes(license) || (dev === true && TOOLS.includes(license));
      return path !== '' && !isKnown;
    })
    .map(([path, { license = 'no licence' }]) => `${path.replace(/^.*node_modules\//, '')}: ${license}`);
}

if (process.argv[1] === import.meta.filename) {
  const found = strangers(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
  if (found.length > 0) {
    console.error(`Licences that are not on the list in build/licences.js:\n  ${found.join('\n  ')}`);
    process.exit(1);
  }
}
