/** Bounds on the answers that a thread has ready made, together for all its roots. */
export interface HotFileLimits {
  /** By `QueuedFile.weight`. */
  readonly bytes: number;
  readonly entries: number;
}

/** A file with its place in the queue, which only `HotFiles` and its tables change. */
export abstract class QueuedFile {
  abstract readonly key: string;
  /** Bytes of memory that keeping it takes. */
  abstract get weight(): number;
  /** Asked for since the hand last came by. */
  visited = false;
  owner: FileTable | undefined = undefined;
  newer: QueuedFile | undefined = undefined;
  older: QueuedFile | undefined = undefined;
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
  #newest: QueuedFile | undefined = undefined;
  #oldest: QueuedFile | undefined = undefined;
  #hand: QueuedFile | undefined = undefined;
  #bytes = 0;
  #count = 0;

  constructor(limits: HotFileLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get entries(): number {
    return this.#count;
  }

  /** A table for one root's files, that shares the room with the others. */
  table<T extends QueuedFile>(): FileTable<T> {
    return new FileTable(this);
  }

  /** Called by a table: take in a file, and make room for it. */
  add(file: QueuedFile): void {
    this.#bytes += file.weight;
    this.#count++;
    while (this.#bytes > this.#limits.bytes || this.#count > this.#limits.entries) {
      const victim = this.#nextVictim();
      if (victim === undefined) break;
      victim.owner?.delete(victim);
    }
    file.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = file;
    this.#newest = file;
    this.#oldest ??= file;
  }

  /** Called by a table: let go of a file. */
  remove(file: QueuedFile): void {
    const { newer, older } = file;
    if (this.#hand === file) this.#hand = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    file.newer = file.older = file.owner = undefined;
    this.#bytes -= file.weight;
    this.#count--;
  }

  #nextVictim(): QueuedFile | undefined {
    let file = this.#hand ?? this.#oldest;
    while (file !== undefined && file.visited) {
      file.visited = false;
      file = file.newer ?? this.#oldest;
    }
    this.#hand = file;
    return file;
  }
}

/** The kept files of one root, by key. */
export class FileTable<T extends QueuedFile = QueuedFile> {
  readonly #shared: HotFiles;
  readonly #files = new Map<string, T>();

  constructor(shared: HotFiles) {
    this.#shared = shared;
  }

  get(key: string): T | undefined {
    const file = this.#files.get(key);
    if (file !== undefined) file.visited = true;
    return file;
  }

  /** Keep a file that is kept nowhere, in the place of what had its key. */
  set(file: T): void {
    const old = this.#files.get(file.key);
    if (old !== undefined) this.#shared.remove(old);
    file.owner = this;
    this.#shared.add(file);
    this.#files.set(file.key, file);
  }

  /** Let go of this very version of a file; another that has taken its place stays. */
  delete(file: T): void {
    if (this.#files.get(file.key) !== file) return;
    this.#files.delete(file.key);
    this.#shared.remove(file);
  }
}
