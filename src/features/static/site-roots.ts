import { statSync } from 'node:fs';
import { CurrentCheck } from './current-check.ts';
import type { FileVersion } from './file-version.ts';
import type { StaticOptions } from './schema.ts';
import { type Opened, SiteRoot } from './site-root.ts';
import type { SlowReads } from './slow-reads.ts';

/** The directories of a site, of which the first that has a file of some name answers for it. Each keeps its own bounds. */
export class SiteRoots {
  readonly #roots: readonly [SiteRoot, ...SiteRoot[]];
  readonly #checks: readonly CurrentCheck[];
  readonly #slowReads: SlowReads;

  /** Throws the system's error when one of the directories is not there. */
  constructor({ root, furtherRoots, symlinks }: StaticOptions, slowReads: SlowReads) {
    this.#roots = [new SiteRoot(root, symlinks), ...furtherRoots.map((path) => new SiteRoot(path, symlinks))];
    this.#checks = this.#roots.map((each) => new CurrentCheck(each));
    this.#slowReads = slowReads;
  }

  /** Whether a name can lie in one place only. */
  get isSingle(): boolean {
    return this.#roots.length === 1;
  }

  /**
   * Open the regular file behind a name, in the first root where there is something of that name: also a directory, which
   * is one in all of them, or what may not be read.
   */
  open(name: string): Opened | Promise<Opened> {
    return this.#slowReads.atOnce(
      () => this.#openNow(name),
      () => this.#openElsewhere(name),
    );
  }

  #openNow(name: string): Opened {
    for (const root of this.#roots) {
      const opened = root.openNow(name);
      if (opened !== 'absent') return opened;
    }
    return 'absent';
  }

  async #openElsewhere(name: string): Promise<Opened> {
    for (const root of this.#roots) {
      const opened = await root.open(name);
      if (opened !== 'absent') return opened;
    }
    return 'absent';
  }

  /** Whether a version of a file, found at `path`, is what lies there still and may be seen; at `now` (`monotonicNow`). */
  isStill(version: FileVersion, path: string, name: string, now: number): boolean {
    for (const check of this.#checks) if (check.isStill(version, path, name, now)) return true;
    return false;
  }

  /** Where a name lies, as far as may be seen without opening it. */
  locate(name: string): string {
    if (this.isSingle) return this.#roots[0].locate(name);
    const [first, ...further] = this.placesOf(name);
    return isThere(first) ? first : (further.find(isThere) ?? first);
  }

  /** Where a name may lie, in the order in which it is looked for. */
  placesOf(name: string): [string, ...string[]] {
    const [first, ...further] = this.#roots;
    return [first.locate(name), ...further.map((root) => root.locate(name))];
  }
}

const QUIETLY = { throwIfNoEntry: false } as const;

/** Whether there is a file at a path, or a directory where it ends in a slash, as far as may be seen without opening it. */
export function isThere(path: string): boolean {
  try {
    const found = statSync(path, QUIETLY);
    return (path.endsWith('/') ? found?.isDirectory() : found?.isFile()) === true;
  } catch {
    // Behind a file, or where we may not look: nothing that could be served.
    return false;
  }
}
