import { monotonicNow } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { CachedFile } from './cached-file.ts';
import { type FilePath, filePathOf } from './file-path.ts';
import type { FileStore } from './file-store.ts';
import type { StaticOptions } from './schema.ts';

/** What a path was found to stand for: a file, a directory whose slash is missing or whose index is, or nothing. */
export type Found = CachedFile | 'redirect' | 'no-index' | 'absent' | ErrorCode;

/** Under which the page of an application is kept: no request's path is like it. */
export const FALLBACK = 'fallback';

/** Finds what the paths of requests stand for in a root: files, the index files of directories, the page of an application. */
export class Lookup {
  readonly #options: StaticOptions;
  readonly #files: FileStore;
  /** Those on their way, so that many requests for one file read it once. */
  readonly #pending = new Map<string, Promise<Found>>();
  /** Name of the file that answers for whatever is not found; undefined when there is none. */
  readonly #fallback: string | undefined;

  constructor(options: StaticOptions, files: FileStore) {
    this.#options = options;
    this.#files = files;
    this.#fallback = options.spa ? `/${options.index[0] ?? 'index.html'}` : undefined;
  }

  /** What a path stands for, on the disk; what is in memory under it is known already to be of no use. */
  find(path: string): Promise<Found> {
    let pending = this.#pending.get(path);
    if (pending === undefined) {
      const key = ownCopy(path);
      pending = this.#find(key).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return pending;
  }

  /** The file that a path stands for, if what any thread has of it in memory is known to be current at `now`. */
  kept(path: string, now: number): CachedFile | undefined {
    const { index } = this.#options;
    const { name, refused } = this.nameOf(path);
    if (refused !== undefined || index.length === 0) return undefined;
    return this.#files.kept(ownCopy(path), name.endsWith('/') ? name + index[0] : name, now);
  }

  /** The file that answers for a page that was not found. */
  async fallback(): Promise<Found> {
    if (this.#fallback === undefined) return 'absent';
    const known = this.#files.cached(FALLBACK, monotonicNow());
    const found = known ?? (await this.#files.load(FALLBACK, this.#fallback));
    return found === 'directory' ? 'absent' : found;
  }

  /** What a path names below the root. */
  nameOf(path: string): FilePath {
    const { stripPrefix, dotfiles } = this.#options;
    return filePathOf(stripPrefix === undefined ? path : withoutPrefix(path, stripPrefix), dotfiles);
  }

  async #find(path: string): Promise<Found> {
    if (path === this.#options.stripPrefix) return 'redirect';
    const { name, refused } = this.nameOf(path);
    if (refused !== undefined) return refused;
    if (name.endsWith('/')) return this.#findIndex(path, name);
    const found = await this.#files.load(path, name);
    return found === 'directory' ? 'redirect' : found;
  }

  /**
   * The index file of a directory. The first of the names is kept under the directory's own path, so that asking for it
   * is a hit; the others only under theirs, since a look at them would not tell that a better one has come.
   */
  async #findIndex(path: string, directory: string): Promise<Found> {
    const names = this.#options.index;
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      const key = i === 0 ? path : path + encodeURIComponent(name);
      const found =
        this.#files.cached(key, monotonicNow()) ?? (await this.#files.load(key, directory + name));
      if (found !== 'absent' && found !== 'directory') return found;
    }
    const found = await this.#files.directory(directory);
    return found === 'directory' ? 'no-index' : found;
  }
}

/** A path off the wire is a slice that would hold on to the whole head of its request. */
function ownCopy(path: string): string {
  return Buffer.from(path, 'latin1').toString('latin1');
}

/** What of a path lies below a prefix; the path itself when it does not begin with it. */
export function withoutPrefix(path: string, prefix: string): string {
  const isBelow = path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
  return isBelow ? path.slice(prefix.length) : path;
}
