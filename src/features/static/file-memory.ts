import { DirectoryWatch } from './directory-watch.ts';
import { type FileCacheLimits, FileRecords } from './file-records.ts';
import { HotFiles } from './hot-files.ts';
import { readBuffers } from './read-buffers.ts';
import { SharedFiles } from './shared-files.ts';

/**
 * What of the cache's room is for answers that are ready made, in all threads together; files that are asked for often
 * have one in each.
 */
const READY_MADE = 1 / 8;
/** Room for a hundred, in bytes, which a thread has in any case. */
const LEAST_READY_MADE = 2 ** 18;

/** The memory in which all threads keep files, for a cache of that size. Throws a RangeError when there is not so much. */
export function sharedMemory({ size, entries }: FileCacheLimits): SharedArrayBuffer {
  return FileRecords.memory({
    size: Math.ceil(size - Math.max(size * READY_MADE, LEAST_READY_MADE)),
    entries,
  });
}

/** What a thread's memory for files depends on. */
export interface FileMemoryOptions {
  /** Of `sharedMemory`, the same in all threads; without it nothing is kept. */
  readonly memory: SharedArrayBuffer | undefined;
  readonly threads: number;
  /** Whether directories are watched for changes. */
  readonly watch: boolean;
  /** Directories cannot be watched any more, for this reason of the system's. One thread is told. */
  readonly unwatched?: (code: string) => void;
}

/** Where a thread keeps files: answers of its own, and bytes that it shares with the others. */
export class FileMemory {
  readonly hot: HotFiles;
  /** Undefined where nothing is kept. */
  readonly shared: SharedFiles | undefined;
  /** Undefined where nothing is watched. */
  readonly watch: DirectoryWatch | undefined;

  constructor({ memory, threads, watch, unwatched }: FileMemoryOptions) {
    readBuffers.shareAmong(threads);
    const room = memory && (memory.byteLength / (1 - READY_MADE)) * READY_MADE;
    const bytes = room === undefined ? 0 : Math.max(LEAST_READY_MADE, room / threads);
    this.hot = new HotFiles({ bytes, entries: Infinity });
    const shared = memory && new SharedFiles(memory);
    this.shared = shared;
    if (shared === undefined || !watch) return;
    const exhausted = (code: string): void => {
      if (shared.claimWarning()) unwatched?.(code);
    };
    this.watch = new DirectoryWatch({ changed: () => shared.countChange(), exhausted }, threads);
  }

  close(): void {
    this.watch?.close();
  }
}
