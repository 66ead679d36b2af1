import { lstatSync, realpathSync } from 'node:fs';
import { type FileVersion, isSameVersion } from './file-version.ts';
import { look } from './read-file.ts';
import type { SiteRoot } from './site-root.ts';

/**
 * How long a directory counts as lying where it may, in milliseconds. To ask costs twice as much as to look at a file, and of
 * many files in many directories every second look would bring it about; what is moved out of the root is gone when this and
 * the time for which the file is trusted are over.
 */
const DIRECTORY_FRESH_MS = 500;
/** Directories that are remembered; when there are more, all are asked for anew. */
const MOST_DIRECTORIES = 4096;

const QUIETLY = { throwIfNoEntry: false } as const;

/**
 * Tells whether what is known of files is still so: without opening them, and at once, for it is asked of each that is hot
 * twice a second. That a file is the same does not tell that it may still be seen: a directory above it may have been moved
 * out of the root, with a link to it in its place.
 */
export class CurrentCheck {
  readonly #root: SiteRoot;
  /** Until when they count as lying where they may; by their names, with a slash at the end. */
  readonly #directories = new Map<string, number>();

  constructor(root: SiteRoot) {
    this.#root = root;
  }

  /**
   * Whether a version of a file, found at `path`, is what lies behind its name in this root, at `now` (`monotonicNow`). Not
   * where it was found in another one.
   */
  isStill(version: FileVersion, path: string, name: string, now: number): boolean {
    if (!this.#root.isAt(path, name)) return false;
    if (this.#root.isOpen) return isVersion(look(path), version);
    const seen = lookAtEntry(path);
    // A regular file has been served, so what has its inode is no link: only the directories can lead elsewhere.
    if (isVersion(seen, version)) return this.#liesWithin(name.slice(0, name.lastIndexOf('/') + 1), now);
    return seen !== undefined && isVersion(look(path), version) && this.#allows(name);
  }

  #liesWithin(directory: string, now: number): boolean {
    const until = this.#directories.get(directory);
    if (until !== undefined && now < until) return true;
    if (!this.#allows(directory)) {
      this.#directories.delete(directory);
      return false;
    }
    if (this.#directories.size >= MOST_DIRECTORIES) this.#directories.clear();
    this.#directories.set(directory, now + DIRECTORY_FRESH_MS);
    return true;
  }

  #allows(name: string): boolean {
    try {
      return this.#root.allows(realpathSync.native(this.#root.locate(name)), name);
    } catch {
      // Whatever it is, the lookup that follows says it.
      return false;
    }
  }
}

function isVersion(seen: FileVersion | undefined, version: FileVersion): boolean {
  return seen !== undefined && isSameVersion(seen, version);
}

function lookAtEntry(path: string): FileVersion | undefined {
  try {
    return lstatSync(path, QUIETLY);
  } catch {
    return undefined;
  }
}
