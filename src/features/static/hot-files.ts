import type { CachedFile } from './cached-file.ts';

/** Bounds on the answers that a thread has ready made, together for all its roots. */
export interface HotFileLimits {
  /** By `CachedFile.weight`. */
  readonly bytes: number;
  readonly entries: number;
}

/** A place in the queue. */
class Entry {
  readonly file: CachedFile;
  readonly owner: FileTable;
  /** Asked for since the hand last came by. */
  visited = false;
  newer: Entry | undefined = undefined;
  older: Entry | undefined = undefined;

  constructor(file: CachedFile, owner: FileTable) {
    this.file = file;
    this.owner = owner;
  }
}

/**
 * The files for which a thread has its answers ready made, over all the roots it serves. What goes when room is needed is decided by
 * SIEVE (Zhang et al., NSDI 2024): a hand walks from the oldest entry to the newest, spares what was visited since it
 * last came by, and takes the first that was not. Unlike in an LRU list nothing moves when a file is asked for, so a
 * hit is one store, and a crawl through the whole site does not push out what is hot.
 *
 *     newest ● ○ ● ● ○ ● oldest      ● visited
 *                    ▲
 *                    hand ← walks this way; takes ○
 */
export class HotFiles {
  readonly #limits: HotFileLimits;
  #newest: Entry | undefined = undefined;
  #oldest: Entry | undefined = undefined;
  #hand: Entry | undefined = undefined;
  #bytes = 0;
  #entries = 0;

  constructor(limits: HotFileLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get entries(): number {
    return this.#entries;
  }

  /** A table for one root's files, that shares the room with the others. */
  table(): FileTable {
    return new FileTable(this);
  }

  /** Called by a table: take in a file, and make room for it. */
  add(file: CachedFile, owner: FileTable): Entry {
    const entry = new Entry(file, owner);
    this.#bytes += file.weight;
    this.#entries++;
    while (this.#bytes > this.#limits.bytes || this.#entries > this.#limits.entries) {
      const victim = this.#nextVictim();
      if (victim === undefined) break;
      victim.owner.delete(victim.file);
    }
    entry.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = entry;
    this.#newest = entry;
    this.#oldest ??= entry;
    return entry;
  }

  /** Called by a table: let go of an entry. */
  remove(entry: Entry): void {
    const { newer, older } = entry;
    if (this.#hand === entry) this.#hand = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    this.#bytes -= entry.file.weight;
    this.#entries--;
  }

  #nextVictim(): Entry | undefined {
    let entry = this.#hand ?? this.#oldest;
    while (entry !== undefined && entry.visited) {
      entry.visited = false;
      entry = entry.newer ?? this.#oldest;
    }
    this.#hand = entry;
    return entry;
  }
}

/** The kept files of one root, by key. */
export class FileTable {
  readonly #shared: HotFiles;
  readonly #entries = new Map<string, Entry>();

  constructor(shared: HotFiles) {
    this.#shared = shared;
  }

  get(key: string): CachedFile | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.visited = true;
    return entry.file;
  }

  set(file: CachedFile): void {
    const old = this.#entries.get(file.key);
    if (old !== undefined) this.#shared.remove(old);
    this.#entries.set(file.key, this.#shared.add(file, this));
  }

  /** Let go of this very version of a file; another that has taken its place stays. */
  delete(file: CachedFile): void {
    const entry = this.#entries.get(file.key);
    if (entry?.file !== file) return;
    this.#entries.delete(file.key);
    this.#shared.remove(entry);
  }
}
