import { monotonicNow } from '../../core/clock.ts';
import { type FileId, FileIds } from './file-ids.ts';
import { FileRecords } from './file-records.ts';
import { type FileVersion, isSameVersion } from './file-version.ts';
import { KeptBytes } from './kept-bytes.ts';
import { grainsFor, GRAIN, STATE } from './record-layout.ts';

/** Who needs room looks at this many files at the most, and goes without otherwise: nobody waits long for the lock. */
const MOST_STEPS = 2048;

/** Who is asked for again within as many questions as there are files in memory, or this many, is worth to be kept. */
const RECENT = 64;

/** What this thread's clock is behind the machine's, which all threads read alike. */
const CLOCK_OFFSET = Number(process.hrtime.bigint() / 1000n) / 1000 - monotonicNow();

/** What is known of a representation of a file. */
export interface Knowledge {
  readonly version: FileVersion;
  readonly etag: string;
  readonly settled: boolean;
  /** Until when it need not be looked at again (`monotonicNow`). */
  readonly freshUntil: number;
  /** How many changes had been seen when it was looked at (`SharedFiles.changes`). */
  readonly changes: number;
}

/** The same, as it was found in memory. */
export interface KnownFile extends Knowledge {
  /** Undefined where only the rest is known. */
  readonly bytes: KeptBytes | undefined;
  /** It was asked for not long ago, too: had it been kept since then, it would still be here. */
  readonly recent: boolean;
}

/** Room for the bytes of a file, which nobody sees before `keep`. Ends in `keep` or `giveUp`. */
export class Room {
  /** To be filled. */
  readonly view: Buffer;
  readonly #files: SharedFiles;
  readonly #record: number;

  /** From `SharedFiles.reserve`, which has pinned the record. */
  constructor(files: SharedFiles, record: number, view: Buffer) {
    this.#files = files;
    this.#record = record;
    this.view = view;
  }

  /** They are here. Undefined: they could not be kept. */
  keep(known: Omit<Knowledge, 'version'>): KeptBytes | undefined {
    return this.#files.keep(this.#record, known);
  }

  giveUp(): void {
    this.#files.giveUp(this.#record);
  }
}

/**
 * Files in memory that all threads share (ADR 0010). Of each a record says which version it is and what its tag is; its
 * bytes lie in one piece behind the records, as long as there is room. A thread looks here for what it has no answer
 * to yet; what it finds it serves from here, without a copy.
 *
 * The bytes lie in the order of a ring. Room is made where the hand is: it walks upwards, takes the gaps, spares what
 * was asked for since it last came by, and takes what was not, until what it has taken in a row is enough. So looking
 * for a victim and looking for a gap are one thing, and gaps close by themselves.
 *
 *     ▓ bytes  · gap  ● asked for
 *     ▓▓●·▓▓▓▓··▓▓▓●▓▓▓▓▓▓▓··········
 *        └ hand → takes · ▓ ·· ▓, stops for ●
 *
 * Everything that changes a record holds the lock. Only who reads bytes does not: he pins the record and then looks
 * whether they are still the ones that he knows, and who wants to take them says so before he looks for pins. Whichever
 * of the two comes second sees the other.
 */
export class SharedFiles {
  readonly #records: FileRecords;

  /** `memory`: of `FileRecords.memory`. */
  constructor(memory: SharedArrayBuffer) {
    this.#records = new FileRecords(memory);
  }

  /** Room for the bytes of files. */
  get size(): number {
    return this.#records.grains * GRAIN;
  }

  /** The ids of a site's files: `scope` stands for everything that decides what lies behind a name. */
  ids(scope: string): FileIds {
    return new FileIds(scope, this.#records.seed);
  }

  /** How many changes have been seen, by any thread. */
  get changes(): number {
    return this.#records.changes;
  }

  /** Something has changed in a directory: everything is looked at again. */
  countChange(): void {
    this.#records.countChange();
  }

  /** Whether it is this thread that tells what is to be told once. */
  claimWarning(): boolean {
    return this.#records.claimWarning();
  }

  find(id: FileId): KnownFile | undefined {
    const records = this.#records;
    records.lock.acquire();
    try {
      const record = this.#recordOf(id);
      if (record === 0) return undefined;
      const state = records.state(record);
      if ((state & STATE.known) === 0) return undefined;
      records.visit(record);
      const recent = records.countFind(record) <= Math.max(RECENT, records.filled);
      const { freshUntil, changes } = records.look(record);
      return {
        version: records.version(record),
        etag: records.tag(record),
        settled: (state & STATE.settled) !== 0,
        freshUntil: freshUntil - CLOCK_OFFSET,
        changes,
        bytes: (state & STATE.filled) === 0 ? undefined : new KeptBytes(records, record),
        recent,
      };
    } finally {
      records.lock.release();
    }
  }

  /**
   * Room for `length` bytes of a version. Undefined: none can be made, they are here already, or another thread is
   * about to bring them.
   */
  reserve(id: FileId, version: FileVersion, length = version.size): Room | undefined {
    const records = this.#records;
    records.lock.acquire();
    try {
      const record = this.#recordFor(id, version);
      if (record === 0) return undefined;
      if (!this.#allocate(record, grainsFor(length), length)) {
        if ((records.state(record) & STATE.known) === 0) this.#retire(record);
        return undefined;
      }
      records.pin(record);
      return new Room(this, record, records.view(record));
    } finally {
      records.lock.release();
    }
  }

  /** From a `Room`. */
  keep(
    record: number,
    { etag, settled, freshUntil, changes }: Omit<Knowledge, 'version'>,
  ): KeptBytes | undefined {
    const records = this.#records;
    records.lock.acquire();
    try {
      records.unpin(record);
      // Another version may have come meanwhile: then this one is no longer found, and only waits to be taken.
      const listed = records.state(record) & STATE.listed;
      if (!records.setTag(record, etag)) {
        this.#retire(record);
        return undefined;
      }
      records.setLook(record, freshUntil + CLOCK_OFFSET, changes);
      records.filled++;
      records.setState(record, listed | STATE.known | STATE.filled | (settled ? STATE.settled : 0));
      return new KeptBytes(records, record);
    } finally {
      records.lock.release();
    }
  }

  /** From a `Room`. */
  giveUp(record: number): void {
    const records = this.#records;
    records.lock.acquire();
    records.unpin(record);
    this.#retire(record);
    records.lock.release();
  }

  // ---- under the lock

  #recordOf(id: FileId): number {
    const records = this.#records;
    let record = records.first(records.bucketOf(id));
    while (record !== 0 && !records.hasId(record, id)) record = records.next(record);
    return record;
  }

  /** A record without bytes for a version; 0 when it has bytes, or there is none to be had. */
  #recordFor(id: FileId, version: FileVersion): number {
    const records = this.#records;
    const there = this.#recordOf(id);
    if (there !== 0) {
      const state = records.state(there);
      const isOurs = isSameVersion(records.version(there), version);
      const comes = (state & STATE.filled) === 0 && records.grainsOf(there) > 0;
      // What is not settled may be another version in spite of equal time stamps.
      if (isOurs && (comes || (state & STATE.settled) !== 0))
        return records.grainsOf(there) === 0 ? there : 0;
      this.#retire(there);
    }
    const record = this.#freeRecord();
    if (record === 0) return 0;
    records.setId(record, id);
    records.setVersion(record, version);
    records.setPlace(record, 0, 0, 0);
    records.countFind(record);
    records.setState(record, STATE.listed);
    const bucket = records.bucketOf(id);
    records.setNext(record, records.first(bucket));
    records.setFirst(bucket, record);
    return record;
  }

  #freeRecord(): number {
    const records = this.#records;
    if (records.free === 0 && records.used < records.entries) {
      records.used++;
      return records.used;
    }
    for (let steps = 0; records.free === 0 && steps < MOST_STEPS; steps++) {
      const candidate = (records.entryHand % records.entries) + 1;
      records.entryHand = candidate;
      if (!records.takeAsked(candidate) && records.pins(candidate) === 0) this.#retire(candidate);
    }
    const record = records.free;
    if (record !== 0) records.free = records.next(record);
    return record;
  }

  /** Have a record found no more. It is free at once, or when those who look at its bytes are done and the hand comes by. */
  #retire(record: number): void {
    const records = this.#records;
    if ((records.state(record) & STATE.listed) !== 0) {
      this.#unlist(record);
      records.setState(record, records.state(record) & ~STATE.listed);
      if (records.grainsOf(record) === 0) this.#setFree(record);
    }
    if (records.grainsOf(record) > 0) this.#takeBytes(record);
  }

  #unlist(record: number): void {
    const records = this.#records;
    const bucket = records.bucket(record);
    let before = records.first(bucket);
    if (before === record) {
      records.setFirst(bucket, records.next(record));
      return;
    }
    while (records.next(before) !== record) before = records.next(before);
    records.setNext(before, records.next(record));
  }

  #setFree(record: number): void {
    const records = this.#records;
    records.setState(record, 0);
    records.setNext(record, records.free);
    records.free = record;
  }

  /** Lay bytes where the hand is; false when it has not found room. */
  #allocate(record: number, grains: number, length: number): boolean {
    const records = this.#records;
    if (grains > records.grains) return false;
    let below = records.hand;
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      const start = records.at(below) + records.grainsOf(below);
      const above = records.above(below);
      if ((above === 0 ? records.grains : records.at(above)) - start >= grains) {
        records.setPlace(record, start, grains, length);
        records.join(below, record);
        records.join(record, above);
        records.takeVisited(record);
        records.hand = record;
        return true;
      }
      // At the top it goes on at the bottom, where record 0 ends; and what is spared begins a new row.
      if (above === 0 || records.takeVisited(above) || !this.#takeBytes(above)) below = above;
    }
    records.hand = below;
    return false;
  }

  /** False: somebody is looking at them. */
  #takeBytes(record: number): boolean {
    const records = this.#records;
    const generation = records.generation(record);
    records.setGeneration(record, (generation + 1) | 0);
    if (records.pins(record) !== 0) {
      records.setGeneration(record, generation);
      return false;
    }
    if (records.hand === record) records.hand = records.below(record);
    records.join(records.below(record), records.above(record));
    records.setPlace(record, 0, 0, 0);
    const before = records.state(record);
    if ((before & STATE.filled) !== 0) records.filled--;
    const state = before & ~STATE.filled;
    records.setState(record, state);
    if ((state & STATE.listed) === 0) this.#setFree(record);
    return true;
  }
}
