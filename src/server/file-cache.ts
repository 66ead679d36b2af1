import { StartError } from '../config/config-error.ts';
import type { RuntimeConfig } from '../config/runtime-config.ts';
import { sharedMemory } from '../features/static/file-memory.ts';

/**
 * The memory in which all threads keep files; undefined where none is wanted.
 *
 * @throws StartError when there is not so much
 */
export function fileCacheMemory({ routes, fileCache }: RuntimeConfig): SharedArrayBuffer | undefined {
  if (fileCache.size === 0 || !routes.some(({ end }) => end.kind === 'files')) return undefined;
  try {
    return sharedMemory(fileCache);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(`fileCache.size: the system does not give ${fileCache.size} bytes of memory`, {
      cause: error,
    });
  }
}
