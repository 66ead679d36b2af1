/**
 * Makes what goes into the package, in `dist/` or in the folder that is named: the declarations as tsc writes them, and our
 * own modules in a few pieces, which start in less time and memory than 300 small ones (docs/decisions/0012).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('./', import.meta.url));
const [, , named] = process.argv;
const outdir = resolve(named ?? `${root}dist`);

if (named === undefined) rmSync(outdir, { recursive: true, force: true });
else if (existsSync(outdir)) throw new Error(`${outdir} is there already`);
const tsc = `${root}node_modules/typescript/bin/tsc`;
execFileSync(process.execPath, [tsc, '-p', `${root}tsconfig.build.json`, '--outDir', outdir], {
  stdio: 'inherit',
});
await build({
  absWorkingDir: root,
  outdir,
  // All of them one folder down, as in src/: what a module finds by a path from itself, it finds in both.
  entryPoints: [
    { in: 'src/index.ts', out: 'chunks/index' },
    { in: 'src/cli/main.ts', out: 'cli/main' },
    { in: 'src/server/worker-main.ts', out: 'server/worker-main' },
  ],
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.22',
  packages: 'external',
  logLevel: 'warning',
});
writeFileSync(`${outdir}/index.js`, "export * from './chunks/index.js';\n");
