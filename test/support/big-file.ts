import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { pseudoRandom } from './sha256.ts';

const SPACING = 16 << 20;
const ISLAND = 64 << 10;

/**
 * Writes a file of this many bytes that takes little room on disk: holes, with an island of bytes of its own every
 * 16 MiB, so that a part left out, repeated or exchanged changes the digest.
 */
export function writeBigFile(path: string, bytes: number): void {
  const file = openSync(path, 'w');
  try {
    ftruncateSync(file, bytes);
    for (let at = 0, seed = 1; at + ISLAND <= bytes; at += SPACING + 4099, seed++) {
      writeSync(file, pseudoRandom(ISLAND, seed), 0, ISLAND, at);
    }
  } finally {
    closeSync(file);
  }
}
