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

/** How often a name is looked up that leads elsewhere each time before it is known where what was opened lies. */
const ATTEMPTS = 3;

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

/** `outside`: it lies where nothing may be seen by that name, which may lead to something else by now. */
type Tried<T> = T | 'outside';

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
  locate(name: string, root = this.#path): string {
    return root === sep ? name : root + name;
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
   * What a symbolic link hides does not exist for the client: it learns nothing of what lies outside. Only what the name
   * still leads to is hidden: a root that moves on or a file that is replaced meanwhile is opened anew.
   *
   * @throws DreamError `static.unreadable` for what neither the name nor its rights explain, such as no descriptor left
   */
  open(name: string): Promise<Opened> {
    return this.#settle(name, async (root) => {
      const path = this.locate(name, root);
      const other = this.#otherThanFile(await statAsync(path), path, name, root);
      return other ?? this.#vet(await openAsync(path, OPEN_FLAGS), path, name, root);
    });
  }

  /** The same at once. */
  openNow(name: string): Opened {
    try {
      let root: string | undefined = this.#path;
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const opened = this.#tryNow(name, root);
        if (opened !== 'outside') return opened;
        root = this.#rootThatShows(name);
        if (root === undefined) return 'absent';
      }
      return 'static.file-changed';
    } catch (error) {
      return meaningOf(error);
    }
  }

  /** Open the directory behind a name, to be read. As with files, where it lies is asked of the open descriptor. */
  openDirectory(name: string): Promise<DirectoryHandle | 'absent' | ErrorCode> {
    return this.#settle(name, async (root) => {
      const path = this.locate(name, root);
      const fd = await openAsync(path, OPEN_FLAGS | (constants.O_DIRECTORY ?? 0));
      let keep = false;
      try {
        const stats = fstatSync(fd);
        if (!stats.isDirectory()) return 'absent';
        keep = this.allows(realPathOf(fd, path, stats), name, root);
        return keep ? { fd, path: process.platform === 'linux' ? `/proc/self/fd/${fd}` : path } : 'outside';
      } finally {
        if (!keep) closeSync(fd);
      }
    });
  }

  /** `attempt` opens a name below a root: this one by its path, and later as it has been found to lie. */
  async #settle<T>(
    name: string,
    attempt: (root: string) => Promise<Tried<T>>,
  ): Promise<T | 'absent' | ErrorCode> {
    try {
      let root: string | undefined = this.#path;
      for (let attempts = 1; attempts <= ATTEMPTS; attempts++) {
        const opened = await attempt(root);
        if (opened !== 'outside') return opened;
        root = this.#rootThatShows(name);
        if (root === undefined) return 'absent';
      }
      return 'static.file-changed';
    } catch (error) {
      return meaningOf(error);
    }
  }

  /**
   * Where the root lies now, when what is behind the name in there may be seen. To open it there and nowhere else, the root
   * may move as often as it likes.
   */
  #rootThatShows(name: string): string | undefined {
    const root = realpathSync.native(this.#path);
    return this.#liesWithin(realpathSync.native(this.locate(name, root)), root, name) ? root : undefined;
  }

  #tryNow(name: string, root: string): Tried<Opened> {
    const path = this.locate(name, root);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return 'absent';
    const other = this.#otherThanFile(found, path, name, root);
    return other ?? this.#vet(openSync(path, OPEN_FLAGS), path, name, root);
  }

  /** What is not to be opened as a file; undefined for one. */
  #otherThanFile(
    found: Stats,
    path: string,
    name: string,
    root: string,
  ): Tried<'directory' | 'absent'> | undefined {
    if (found.isDirectory())
      return this.allows(realpathSync.native(path), name, root) ? 'directory' : 'outside';
    return found.isFile() ? undefined : 'absent';
  }

  #vet(fd: number, path: string, name: string, root: string): Tried<OpenFile | 'absent'> {
    let keep = false;
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) return 'absent';
      keep = this.isOpen || this.allows(realPathOf(fd, path, stats), name, root);
      return keep ? { fd, path: this.locate(name), stats } : 'outside';
    } finally {
      if (!keep) closeSync(fd);
    }
  }

  /** Whether what was found by that name below `root` may be seen, and lies at `realPath`. Throws the system's error. */
  allows(realPath: string | undefined, name: string, root = this.#path): boolean {
    if (this.isOpen) return true;
    if (realPath === undefined) return false;
    if (root !== this.#path) return this.#liesWithin(realPath, root, name);
    if (this.#liesWithin(realPath, this.#realPath, name)) return true;
    // Perhaps it is the root that has moved.
    const realRoot = realpathSync.native(this.#path);
    if (realRoot === this.#realPath) return false;
    this.#realPath = realRoot;
    return this.#liesWithin(realPath, realRoot, name);
  }

  #liesWithin(realPath: string, realRoot: string, name: string): boolean {
    const root = realRoot === sep ? '' : realRoot;
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
