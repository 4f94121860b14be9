import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Plugin } from 'vite';

const FILE = 'licences.txt';

/** Writes the notices of the packages that the console holds, which their licences ask for, beside it. */
export function notices(): Plugin {
  return {
    name: 'notices',
    apply: 'build',
    generateBundle() {
      const packages = new Map<string, string>();
      for (const id of this.getModuleIds()) {
        const dir = packageOf(id);
        if (dir === null || packages.has(dir)) continue;
        packages.set(dir, notice(dir));
      }
      const all = [...packages.values()].sort();
      const head = 'The console of Simple Secrets Manager holds code of these packages, under these licences.\n';
      this.emitFile({ type: 'asset', fileName: FILE, source: [head, ...all].join(`\n${'-'.repeat(80)}\n\n`) });
    },
  };
}

/** The directory of the installed package that a module is from; none for our own and the builder's. */
function packageOf(id: string): string | null {
  if (id.startsWith('\0') || !id.includes('/node_modules/')) return null;
  let dir = dirname(id.replace(/\?.*$/, ''));
  // Some have a package.json without a name further down.
  while (!isPackage(join(dir, 'package.json'))) {
    const above = dirname(dir);
    if (above === dir) throw new Error(`${id} is of no package`);
    dir = above;
  }
  return dir;
}

function isPackage(file: string): boolean {
  return existsSync(file) && 'version' in JSON.parse(readFileSync(file, 'utf8'));
}

function notice(dir: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Described;
  const files = readdirSync(dir).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = files.map((file) => readFileSync(join(dir, file), 'utf8').trim());
  const maker = typeof author === 'string' ? author : (author?.name ?? 'its authors');
  const told = texts.length > 0 ? texts : [`By ${maker}, without a text beside the licence's name.`];
  return [`${name} ${version} (${license})`, ...told].join('\n\n') + '\n';
}

interface Described {
  name: string;
  version: string;
  license: string;
  author?: string | { name: string };
}
