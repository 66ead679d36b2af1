import { closeSync, type Dirent, lstat, opendir, type Stats, stat } from 'node:fs';
import { promisify } from 'node:util';
import type { ErrorCode } from '../../core/errors.ts';
import { filePathOf } from './file-path.ts';
import type { StaticOptions } from './schema.ts';
import { type DirectoryHandle, SiteRoot, unreadable } from './site-root.ts';

const lstatAsync = promisify(lstat);
const opendirAsync = promisify(opendir);
const statAsync = promisify(stat);

/** Entries that are read of one directory; of those beyond it is only told that there are more. */
export const MOST_ENTRIES = 5000;

/** How many of them are looked at together, while other requests have their turn with the threads of the file system. */
const LOOKED_AT_ONCE = 32;

/** How many names the system is asked for at once. */
const NAMES_AT_ONCE = 256;

/** What a client may know of something in a directory, since it may ask for it. */
export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
  /** In bytes; 0 for a directory. */
  readonly size: number;
  /** When it was last changed, in milliseconds of Unix time. */
  readonly modified: number;
}

/** What a directory holds, in no order. */
export interface DirectoryContent {
  readonly entries: DirectoryEntry[];
  /** There are more than were read. */
  readonly hasMore: boolean;
  /** Entries whose names are not UTF-8, which no path can ask for. */
  readonly unnameable: number;
}

/** Reads directories of a root: what in them could be asked for, and nothing of what could not. */
export class DirectoryReader {
  readonly #root: SiteRoot;
  readonly #options: StaticOptions;

  /** Throws the system's error when there is no directory at `root`, one of those in `options`. */
  constructor(root: string, options: StaticOptions) {
    this.#root = new SiteRoot(root, options.symlinks);
    this.#options = options;
  }

  /**
   * What the directory of that name holds; `name` is as `filePathOf` gives it, with a slash at its end.
   *
   * @throws DreamError `static.unreadable`
   */
  async read(name: string): Promise<DirectoryContent | 'absent' | ErrorCode> {
    const opened = await this.#root.openDirectory(name);
    if (typeof opened === 'string') return opened;
    try {
      return await this.#read(opened, name);
    } catch (error) {
      throw unreadable(error);
    } finally {
      closeSync(opened.fd);
    }
  }

  async #read({ path }: DirectoryHandle, directory: string): Promise<DirectoryContent> {
    const entries: DirectoryEntry[] = [];
    let unnameable = 0;
    let seen = 0;
    let waiting: Dirent[] = [];
    const look = async (): Promise<void> => {
      const found = await Promise.all(waiting.map((dirent) => this.#look(path, directory, dirent)));
      waiting = [];
      for (const entry of found) {
        if (entry === 'unnameable') unnameable++;
        else if (entry !== undefined) entries.push(entry);
      }
    };
    // It closes itself, also when it is left early.
    for await (const dirent of await opendirAsync(path, { bufferSize: NAMES_AT_ONCE })) {
      if (seen === MOST_ENTRIES) return { entries, hasMore: true, unnameable };
      if (!this.#canBeAskedFor(directory, dirent.name)) continue;
      seen++;
      waiting.push(dirent);
      if (waiting.length === LOOKED_AT_ONCE || seen === MOST_ENTRIES) await look();
    }
    await look();
    return { entries, hasMore: false, unnameable };
  }

  /** The rule by which a request is refused decides. Only in the root itself does it matter which directory it is. */
  #canBeAskedFor(directory: string, name: string): boolean {
    const path = `${directory === '/' ? '/' : '/x/'}${encodeURIComponent(name)}`;
    return filePathOf(path, this.#options.dotfiles).refused === undefined;
  }

  async #look(
    path: string,
    directory: string,
    dirent: Dirent,
  ): Promise<DirectoryEntry | 'unnameable' | undefined> {
    const { name } = dirent;
    try {
      const stats = await lstatAsync(`${path}/${name}`);
      if (!stats.isSymbolicLink()) return entryOf(name, stats);
      const target = await this.#follow(directory + name);
      return target && entryOf(name, target);
    } catch {
      // Gone meanwhile, unless it is what was made of bytes that are not UTF-8.
      return name.includes('\uFFFD') ? 'unnameable' : undefined;
    }
  }

  /** What a symbolic link leads to, if it is one that is followed for requests. */
  async #follow(name: string): Promise<Stats | undefined> {
    const opened = await this.#root.open(name);
    if (opened === 'directory') return statAsync(this.#root.locate(name));
    if (typeof opened === 'string') return undefined;
    closeSync(opened.fd);
    return opened.stats;
  }
}

/**
 * What directories of one name hold together, each in a root of its own: of two entries of one name, that of the first. One
 * that cannot be read is passed over where another can.
 *
 * @throws DreamError `static.unreadable`
 */
export async function readTogether(
  readers: readonly DirectoryReader[],
  name: string,
): Promise<DirectoryContent | 'absent' | ErrorCode> {
  const read = await Promise.all(readers.map((reader) => reader.read(name).catch((thrown: Error) => thrown)));
  const contents = read.filter((content) => typeof content === 'object' && 'entries' in content);
  if (contents.length === 0) {
    const problem = read.find((each) => each !== 'absent') ?? 'absent';
    if (problem instanceof Error) throw problem;
    return problem;
  }
  if (contents.length === 1) return contents[0];
  const entries = new Map<string, DirectoryEntry>();
  for (const content of contents) {
    for (const entry of content.entries) if (!entries.has(entry.name)) entries.set(entry.name, entry);
  }
  return {
    entries: [...entries.values()],
    hasMore: contents.some(({ hasMore }) => hasMore),
    unnameable: contents.reduce((sum, { unnameable }) => sum + unnameable, 0),
  };
}

/** Undefined for devices, FIFOs and sockets: they are not served. */
function entryOf(name: string, stats: Stats): DirectoryEntry | undefined {
  const isDirectory = stats.isDirectory();
  if (!isDirectory && !stats.isFile()) return undefined;
  return { name, isDirectory, size: isDirectory ? 0 : stats.size, modified: stats.mtimeMs };
}
