import { closeSync, fstatSync, read, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { monotonicNow } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { mediaTypeOf } from '../../http/media-type.ts';
import { CachedFile, type FileVersion, isSameVersion, LARGEST_SMALL } from './cached-file.ts';
import { FileBody } from './file-body.ts';
import { type FileTable, HOT_FILE_LIMITS, type HotFiles } from './hot-files.ts';
import type { StaticOptions } from './schema.ts';
import { type OpenFile, SiteRoot } from './site-root.ts';

const readAsync = promisify(read);

/**
 * How long a file is served without looking whether it is still the same, in milliseconds. A stat costs some 2 µs,
 * a fifth of what a whole request costs; so a file that is asked for often pays it twice a second, and an
 * edited one is served new within half a second.
 */
export const FRESH_MS = 500;

/**
 * Larger files are read for each request, however often: a quarter of the room is as much as one of them may take. From
 * memory an answer costs half of what it costs from the disk, where each byte is copied twice.
 */
const LARGEST_KEPT = HOT_FILE_LIMITS.bytes / 4;

/** How often a file that changes while it is read is tried again. */
const ATTEMPTS = 3;

/** What a name was found to be, and why it is no file. */
export type Loaded = CachedFile | 'directory' | 'absent' | ErrorCode;

/** The files below one root, the hot ones from memory. */
export class FileStore {
  readonly #root: SiteRoot;
  readonly #table: FileTable;
  /** A large file is on its way into memory. */
  #keeping = false;

  /** Throws the system's error when there is no directory at `options.root`. */
  constructor(options: StaticOptions, hotFiles: HotFiles) {
    this.#root = new SiteRoot(options.root, options.symlinks);
    this.#table = hotFiles.table();
  }

  /** The file kept under a key (a request's path), if it is known to be current at `now` (`monotonicNow`). */
  cached(key: string, now: number): CachedFile | undefined {
    const file = this.#table.get(key);
    if (file === undefined || now < file.freshUntil) return file;
    return this.#revalidate(file, now);
  }

  /**
   * Take in the file of that name, a small one with its bytes. All of them are of one version: they are read from the
   * descriptor that was looked at, and count only if it looks the same afterwards.
   */
  async load(key: string, name: string): Promise<Loaded> {
    const mediaType = await mediaTypeOf(name);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const freshUntil = monotonicNow() + FRESH_MS;
      const opened = await this.#root.open(name);
      if (typeof opened === 'string') return opened;
      const { stats } = opened;
      const isSmall = stats.size <= LARGEST_SMALL;
      const bytes = await readWhole(opened, isSmall ? stats.size : 0);
      if (typeof bytes === 'string') return bytes;
      if (bytes === undefined) continue;
      const path = this.#root.locate(name);
      const found = { key, name, path, version: stats, mediaType, bytes: isSmall ? bytes : undefined };
      const file = new CachedFile(found, freshUntil);
      this.#table.set(file);
      return file;
    }
    return 'static.file-changed';
  }

  /** Whether there is a directory of that name that may be seen; what its name stands for otherwise. */
  async directory(name: string): Promise<'directory' | 'absent' | ErrorCode> {
    const found = await this.#root.open(name);
    if (typeof found === 'string') return found;
    closeSync(found.fd);
    return 'absent';
  }

  /** Bytes of a file as a body; undefined when the file on the disk is not this version any more. */
  async openBody(file: CachedFile, start: number, length: number): Promise<FileBody | undefined> {
    const opened = await this.#root.open(file.name);
    if (typeof opened !== 'string') {
      if (isSameVersion(opened.stats, file.version)) return new FileBody(opened.fd, start, length);
      closeSync(opened.fd);
    }
    this.#table.delete(file);
    return undefined;
  }

  /**
   * A large file has been asked for: the second time, take it into memory for those who come next. Nobody waits for it,
   * and it is one at a time, so that a crawl does not fill the memory with what it will not ask for again.
   */
  keepIfHot(file: CachedFile): void {
    const isHot = file.wasStreamed;
    file.wasStreamed = true;
    if (!isHot || this.#keeping || file.size > LARGEST_KEPT || !file.settled) return;
    this.#keeping = true;
    void this.#keep(file).finally(() => {
      this.#keeping = false;
    });
  }

  async #keep(file: CachedFile): Promise<void> {
    const opened = await this.#root.open(file.name);
    if (typeof opened === 'string') return;
    const isSame = isSameVersion(opened.stats, file.version);
    const bytes = await readWhole(opened, isSame ? file.size : 0);
    if (isSame && typeof bytes === 'object' && this.#table.get(file.key) === file) {
      this.#table.set(file.withBytes(bytes));
    }
  }

  /**
   * Look whether a file is still the same. On the path and not in another thread, where it would cost ten times as
   * much: the entry of a file that is asked for is in the system's memory, so there is nothing to wait for.
   */
  #revalidate(file: CachedFile, now: number): CachedFile | undefined {
    const seen = file.settled ? look(file.path) : undefined;
    if (seen !== undefined && isSameVersion(seen, file.version)) {
      file.freshUntil = now + FRESH_MS;
      return file;
    }
    this.#table.delete(file);
    return undefined;
  }
}

const QUIETLY = { throwIfNoEntry: false } as const;

function look(path: string): FileVersion | undefined {
  try {
    return statSync(path, QUIETLY);
  } catch {
    // Whatever it is, the lookup that follows says it.
    return undefined;
  }
}

/** The first `size` bytes of a file, which is closed; undefined when it changed meanwhile. */
async function readWhole({ fd, stats }: OpenFile, size: number): Promise<Buffer | undefined | ErrorCode> {
  try {
    const bytes = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await readAsync(fd, bytes, filled, size - filled, filled);
      if (bytesRead === 0) return undefined;
      filled += bytesRead;
    }
    return isSameVersion(fstatSync(fd), stats) ? bytes : undefined;
  } catch {
    return 'static.unreadable';
  } finally {
    closeSync(fd);
  }
}
