/**
 * Swaps files for links that lead out of the root, and back, as fast as it can, until it is killed.
 *
 *     node swapper-main.ts ROOT: `swapped.bin` and the directory `swapped` in there
 */
import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const [root = ''] = process.argv.slice(2);
const at = (name: string): string => join(root, name);

symlinkSync('../canary.txt', at('swapped.bin-link'));
symlinkSync('..', at('swapped-link'));
console.log('swapping');
for (;;) {
  for (const name of ['swapped.bin', 'swapped']) {
    renameSync(at(name), at(`${name}-file`));
    renameSync(at(`${name}-link`), at(name));
  }
  for (const name of ['swapped.bin', 'swapped']) {
    renameSync(at(name), at(`${name}-link`));
    renameSync(at(`${name}-file`), at(name));
  }
}
