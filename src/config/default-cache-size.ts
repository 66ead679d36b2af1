import { totalmem } from 'node:os';

const MIB = 2 ** 20;
const SHARE = 1 / 8;
const MOST = 2 ** 31;

/** How much memory for files is wanted where nobody has said it, in bytes, of `memory` that there is. Whole mebibytes. */
export function cacheSizeOf(memory: number): number {
  return Math.max(MIB, Math.min(MOST, Math.floor((memory * SHARE) / MIB) * MIB));
}

/** The same of what this process may have: the machine's memory, or its container's. */
export function defaultCacheSize(): number {
  // 0 where there is no bound; more than there is, where a container has none.
  return cacheSizeOf(Math.min(totalmem(), process.constrainedMemory() || Infinity));
}
