import { type FSWatcher, statSync, watch } from 'node:fs';

/** Directories that all threads together watch; beyond them, files are only looked at now and then. */
const MOST = 1024;
/** Changes are passed on this often at the most, in milliseconds: each makes every file be looked at again. */
const PACE_MS = 100;
/** The system gives no more watches (inotify's limits). */
const EXHAUSTED: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM']);

/** Who hears of what is seen in directories. */
export interface DirectoryWatchOwner {
  /** Something has changed in one of them. */
  changed(): void;
  /** No more can be watched. Told once. */
  exhausted(code: string): void;
}

interface Watched {
  readonly watcher: FSWatcher;
  readonly inode: number;
}

/**
 * Watches directories for changes, as far as the system tells of them. It does not of those that others make to a network
 * file system, or of what lies behind a symbolic link; so nobody may rely on it alone.
 */
export class DirectoryWatch {
  readonly #owner: DirectoryWatchOwner;
  readonly #most: number;
  /** In the order in which they came. */
  readonly #watched = new Map<string, Watched>();
  #pace: NodeJS.Timeout | undefined = undefined;
  #changedMeanwhile = false;
  #given = true;

  /** In one of so many `threads`. */
  constructor(owner: DirectoryWatchOwner, threads = 1) {
    this.#owner = owner;
    this.#most = Math.max(8, Math.floor(MOST / threads));
  }

  /** Watch a directory from now on, until too many others have come after it. */
  add(directory: string): void {
    if (!this.#given || this.#watched.has(directory)) return;
    try {
      const watcher = watch(directory, { persistent: false });
      const inode = statSync(directory).ino;
      this.#watched.set(directory, { watcher, inode });
      watcher.on('change', (kind) => this.#seen(directory, kind));
      watcher.on('error', () => this.#drop(directory));
    } catch (error) {
      this.#failed((error as NodeJS.ErrnoException).code);
    }
    for (const oldest of this.#watched.keys()) {
      if (this.#watched.size <= this.#most) break;
      this.#drop(oldest);
    }
  }

  close(): void {
    clearTimeout(this.#pace);
    this.#given = false;
    for (const directory of this.#watched.keys()) this.#drop(directory);
  }

  #seen(directory: string, kind: string): void {
    if (kind === 'rename' && inodeOf(directory) !== this.#watched.get(directory)?.inode)
      this.#drop(directory);
    if (this.#pace === undefined) this.#pass();
    else this.#changedMeanwhile = true;
  }

  #pass(): void {
    this.#changedMeanwhile = false;
    this.#owner.changed();
    this.#pace = setTimeout(() => {
      this.#pace = undefined;
      if (this.#changedMeanwhile) this.#pass();
    }, PACE_MS).unref();
  }

  #failed(code: string | undefined): void {
    if (code === undefined || !EXHAUSTED.has(code)) return;
    this.#given = false;
    this.#owner.exhausted(code);
  }

  #drop(directory: string): void {
    this.#watched.get(directory)?.watcher.close();
    this.#watched.delete(directory);
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
