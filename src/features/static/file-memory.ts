import { DirectoryWatch } from './directory-watch.ts';
import { HotFiles } from './hot-files.ts';
import { readBuffers } from './read-buffers.ts';
import { SharedFiles } from './shared-files.ts';

/** What all threads together keep of answers that are ready made, in bytes; files that are asked for often have one in each. */
const READY_MADE = 24 * 2 ** 20;

/** What a thread's memory for files depends on. */
export interface FileMemoryOptions {
  /** Of `FileRecords.memory`, the same in all threads; without it nothing is kept. */
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
    const isKept = memory !== undefined;
    const bytes = isKept ? Math.max(2 ** 20, READY_MADE / threads) : 0;
    this.hot = new HotFiles({ bytes, entries: Infinity });
    const shared = isKept ? new SharedFiles(memory) : undefined;
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
