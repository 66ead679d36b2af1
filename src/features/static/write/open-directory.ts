import { closeSync, constants, existsSync, fstatSync, fsync, openSync, realpathSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import type { StaticOptions } from '../schema.ts';
import { realPathOf } from '../site-root.ts';

const fsyncAsync = promisify(fsync);

const FLAGS = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * A directory below a root, held open while something in it is changed. On Linux its files are named by way of the
 * descriptor (`/proc/self/fd/7/a.txt`), as `openat` would: whatever is put in the place of its path meanwhile, what was
 * vetted is what is changed. Elsewhere they are named by its real path, which others may have moved since.
 */
export class OpenDirectory {
  readonly #fd: number;
  readonly #options: Pick<StaticOptions, 'root' | 'symlinks'>;
  /** Below the root, as `filePathOf` gives it; empty for the root itself. */
  readonly #name: string;
  readonly #base: string;

  /**
   * Undefined where there is no such directory in the root. No link out of it is followed, also where `symlinks` lets
   * clients read what is there. Throws the system's error.
   */
  static open(options: Pick<StaticOptions, 'root' | 'symlinks'>, name: string): OpenDirectory | undefined {
    const path = join(resolve(options.root), name);
    const fd = openSync(path, FLAGS);
    let directory: OpenDirectory | undefined;
    try {
      if (fstatSync(fd).isDirectory()) directory = new OpenDirectory(fd, path, options, name);
      if (directory?.isWithinRoot() === false) directory = undefined;
      return directory;
    } finally {
      if (directory === undefined) closeSync(fd);
    }
  }

  private constructor(
    fd: number,
    path: string,
    options: Pick<StaticOptions, 'root' | 'symlinks'>,
    name: string,
  ) {
    this.#fd = fd;
    this.#options = options;
    this.#name = name;
    const link = `/proc/self/fd/${fd}`;
    this.#base = process.platform === 'linux' && existsSync(link) ? link : realpathSync.native(path);
  }

  /** Path of an entry. */
  at(entry: string): string {
    return `${this.#base}/${entry}`;
  }

  /** Whether it lies where it may: asked again before something is changed, for either may have been moved. */
  isWithinRoot(): boolean {
    const { root, symlinks } = this.#options;
    const realRoot = realpathSync.native(root);
    const prefix = realRoot === sep ? '' : realRoot;
    const realPath = realPathOf(this.#fd, join(resolve(root), this.#name), fstatSync(this.#fd));
    if (realPath === undefined) return false;
    if (symlinks === 'deny') return realPath === (prefix + this.#name || sep);
    return realPath === realRoot || realPath.startsWith(prefix + sep);
  }

  /** Settles when its entries are on the disk. */
  async sync(): Promise<void> {
    // Windows knows no such thing.
    if (process.platform !== 'win32') await fsyncAsync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
