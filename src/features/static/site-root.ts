import {
  type Stats,
  closeSync,
  constants,
  fstatSync,
  open,
  openSync,
  readlinkSync,
  realpathSync,
  stat,
  statSync,
} from 'node:fs';
import { resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { DreamError, type ErrorCode } from '../../core/errors.ts';
import type { StaticOptions } from './schema.ts';

const openAsync = promisify(open);
const statAsync = promisify(stat);

/**
 * O_NONBLOCK: should a FIFO have taken the file's place since it was looked at, opening it does not wait for a writer.
 * O_NOCTTY: nor does a terminal become ours. Both are absent on Windows.
 */
export const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** A regular file, open for reading. Whoever gets it closes the descriptor. */
export interface OpenFile {
  readonly fd: number;
  /** Where it was found. */
  readonly path: string;
  /** Of the descriptor, so of what will be read, whatever has become of the name. */
  readonly stats: Stats;
}

/** A directory, open to be read. Whoever gets it closes the descriptor. */
export interface DirectoryHandle {
  readonly fd: number;
  /** What leads to the directory that is open, whatever has become of its name, where the system has such a path. */
  readonly path: string;
}

/** What opening a name can come to; `absent` is also what may not be seen. */
export type Opened = OpenFile | 'directory' | 'absent' | ErrorCode;

/** A directory whose files are served, and the way out of it that is barred. */
export class SiteRoot {
  readonly #path: string;
  readonly #symlinks: StaticOptions['symlinks'];
  /** The root with its own symbolic links resolved. It may change: `current -> releases/7` is how sites are deployed. */
  #realPath: string;

  /** Throws the system's error when there is no directory at `path`. */
  constructor(path: string, symlinks: StaticOptions['symlinks']) {
    this.#path = resolve(path);
    this.#symlinks = symlinks;
    // With a slash at its end, only a directory is found.
    statSync(this.#path + sep);
    this.#realPath = realpathSync.native(this.#path);
  }

  /** Where a name of `filePathOf` lies. */
  locate(name: string): string {
    return this.#path === sep ? name : this.#path + name;
  }

  /** Whether that is this path: asked of each file that is looked at again, so without making it. */
  isAt(path: string, name: string): boolean {
    const before = path.length - name.length;
    if (this.#path === sep) return path === name;
    return before === this.#path.length && path.endsWith(name) && path.startsWith(this.#path);
  }

  /** Whether links are followed wherever they lead. */
  get isOpen(): boolean {
    return this.#symlinks === 'follow';
  }

  /**
   * Open the regular file behind a name. What it is, is looked at first, since opening a device can have effects; that
   * it is still that, and where it lies, is asked of the open descriptor, so that a swap between the two gains nothing.
   * What a symbolic link hides does not exist for the client: it learns nothing of what lies outside.
   *
   * @throws DreamError `static.unreadable` for what neither the name nor its rights explain, such as no descriptor left
   */
  async open(name: string): Promise<Opened> {
    const path = this.locate(name);
    try {
      const other = this.#otherThanFile(await statAsync(path), path, name);
      return other ?? this.#vet(await openAsync(path, OPEN_FLAGS), path, name);
    } catch (error) {
      return meaningOf(error);
    }
  }

  /** The same at once. */
  openNow(name: string): Opened {
    const path = this.locate(name);
    try {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined) return 'absent';
      return this.#otherThanFile(found, path, name) ?? this.#vet(openSync(path, OPEN_FLAGS), path, name);
    } catch (error) {
      return meaningOf(error);
    }
  }

  /** What is not to be opened as a file; undefined for one. */
  #otherThanFile(found: Stats, path: string, name: string): 'directory' | 'absent' | undefined {
    if (found.isDirectory()) return this.allows(realpathSync.native(path), name) ? 'directory' : 'absent';
    return found.isFile() ? undefined : 'absent';
  }

  /** Open the directory behind a name, to be read. As with files, where it lies is asked of the open descriptor. */
  async openDirectory(name: string): Promise<DirectoryHandle | 'absent' | ErrorCode> {
    const path = this.locate(name);
    try {
      const fd = await openAsync(path, OPEN_FLAGS | (constants.O_DIRECTORY ?? 0));
      let keep = false;
      try {
        const stats = fstatSync(fd);
        keep = stats.isDirectory() && this.allows(realPathOf(fd, path, stats), name);
        return keep ? { fd, path: process.platform === 'linux' ? `/proc/self/fd/${fd}` : path } : 'absent';
      } finally {
        if (!keep) closeSync(fd);
      }
    } catch (error) {
      return meaningOf(error);
    }
  }

  #vet(fd: number, path: string, name: string): Opened {
    let keep = false;
    try {
      const stats = fstatSync(fd);
      keep = stats.isFile() && (this.isOpen || this.allows(realPathOf(fd, path, stats), name));
      return keep ? { fd, path, stats } : 'absent';
    } finally {
      if (!keep) closeSync(fd);
    }
  }

  /** Whether what lies at `realPath` may be seen by that name. Throws the system's error. */
  allows(realPath: string | undefined, name: string): boolean {
    if (this.isOpen) return true;
    if (realPath === undefined) return false;
    if (this.#liesWithin(realPath, name)) return true;
    // Perhaps it is the root that has moved.
    const realRoot = realpathSync.native(this.#path);
    if (realRoot === this.#realPath) return false;
    this.#realPath = realRoot;
    return this.#liesWithin(realPath, name);
  }

  #liesWithin(realPath: string, name: string): boolean {
    const root = this.#realPath === sep ? '' : this.#realPath;
    // Where no link was followed, the real path is the one that was asked for.
    if (this.#symlinks === 'deny') return realPath === root + name || `${realPath}/` === root + name;
    return realPath === root || realPath.startsWith(root + sep);
  }
}

/**
 * Where an open file lies, with no symbolic link on the way. Linux tells it of the descriptor itself. Elsewhere the
 * path is resolved again and counts only if it leads to the very file that is open.
 */
export function realPathOf(fd: number, path: string, stats: Stats): string | undefined {
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // Without /proc: like everywhere else.
    }
  }
  return realPathOfSameFile(path, stats);
}

/** The real path of `path`, or undefined when another file than the one `stats` describes lies there. */
export function realPathOfSameFile(path: string, stats: Stats): string | undefined {
  const realPath = realpathSync.native(path);
  const there = statSync(realPath);
  return there.dev === stats.dev && there.ino === stats.ino ? realPath : undefined;
}

/** The failure of a request whose file is there, but cannot be read: for the system's reason. */
export const unreadable = (error: unknown): DreamError =>
  new DreamError('static.unreadable', undefined, { cause: error });

/** What a failed call of the file system means for the client. Throws `unreadable` where it means nothing that it could know. */
function meaningOf(error: unknown): 'absent' | ErrorCode {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'ELOOP':
      return 'absent';
    case 'EACCES':
    case 'EPERM':
      return 'request.forbidden';
    default:
      throw unreadable(error);
  }
}
