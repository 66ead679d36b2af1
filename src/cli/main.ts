#!/usr/bin/env node
import module from 'node:module';
import { codeCacheDirectory } from './code-cache.ts';

/** The first version that has all that is used here; `engines` of package.json says the same. */
const LEAST = [22, 22] as const;

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  process.stderr.write(
    `dreamserver: needs Node.js ${LEAST.join('.')} or newer; this is ${process.versions.node}\n` +
      '(`npm install node@24` puts one beside it, which `npx dreamserver` takes)\n',
  );
  process.exit(1);
}

// Unheeded, it makes Node open its debugger.
process.on('SIGUSR1', () => {});

// Compiled code is kept on disk, and the worker threads find it there too: a start takes some 30 ms less.
const directory = process.env.NODE_COMPILE_CACHE || codeCacheDirectory();
if (directory !== undefined) {
  process.env.NODE_COMPILE_CACHE = directory;
  module.enableCompileCache(directory);
}

const { main } = await import('./program.ts');
await main(process.argv);
