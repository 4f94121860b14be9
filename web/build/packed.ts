import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import type { Plugin } from 'vite';

/** Below this, a compressed form saves nothing. */
const SMALL = 1024;

/** Empties the directory before a build, and compresses what came into it, so that the server never has to. */
export function packed(): Plugin {
  let dir = '';
  return {
    name: 'packed',
    apply: 'build',
    configResolved(config) {
      dir = join(config.root, config.build.outDir);
    },
    buildStart() {
      for (const name of readdirSync(dir)) {
        if (name !== '.gitignore') rmSync(join(dir, name), { recursive: true });
      }
    },
    closeBundle() {
      for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|svg|txt)$/.test(file)) continue;
        const path = join(dir, file);
        const plain = readFileSync(path);
        if (plain.length < SMALL) continue;
        writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
        const text = { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT };
        writeFileSync(`${path}.br`, brotliCompressSync(plain, { params: text }));
      }
    },
  };
}
