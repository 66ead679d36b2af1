import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';
import { latin1, writeBefore } from '../../core/latin1.ts';
import { SharedLock } from '../../core/shared-lock.ts';
import type { HeadPieces } from '../../http/body.ts';
import type { FileId } from './file-ids.ts';
import type { FileVersion } from './file-version.ts';
import {
  BYTE,
  bucketsFor,
  FRESH_UNTIL,
  GRAIN,
  HEAD_ROOM,
  HEADER,
  HEADER_BYTES,
  LONGEST_TAG,
  RECORD_BYTES,
  RECORD_DOUBLES,
  RECORD_WORDS,
  slabAt,
  WORD,
} from './record-layout.ts';

/** Bounds on what all threads keep of files together. */
export interface FileCacheLimits {
  /** All of the memory, in bytes. */
  readonly size: number;
  /** Files of which something is known, their bytes being there or not. */
  readonly entries: number;
}

/** The memory in which all threads keep files, as words (record-layout.ts). What they mean and when they may change is `SharedFiles`' matter. */
export class FileRecords {
  readonly lock: SharedLock;
  readonly entries: number;
  /** Of the bytes, in grains. */
  readonly grains: number;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #doubles: Float64Array<SharedArrayBuffer>;
  readonly #bytes: Buffer<SharedArrayBuffer>;
  readonly #buckets: number;
  readonly #firstRecord: number;
  readonly #slab: number;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#bytes = Buffer.from(memory);
    this.lock = new SharedLock(this.#words, HEADER.lock);
    this.entries = this.#words[HEADER.entries];
    this.#buckets = this.#words[HEADER.buckets];
    this.#firstRecord = HEADER_BYTES + this.#buckets * 4;
    this.#slab = slabAt(this.entries);
    this.grains = Math.floor((memory.byteLength - this.#slab) / GRAIN);
  }

  /** Memory for as many files, empty. Records take a quarter of it at the most. Throws a RangeError when there is not so much. */
  static memory({ size, entries }: FileCacheLimits): SharedArrayBuffer {
    const records = Math.max(1, Math.min(entries, Math.floor(size / 4 / RECORD_BYTES)));
    const memory = new SharedArrayBuffer(Math.max(Math.floor(size / GRAIN) * GRAIN, slabAt(records)));
    const header = new Int32Array(memory, 0, HEADER_BYTES / 4);
    header[HEADER.entries] = records;
    header[HEADER.buckets] = bucketsFor(records);
    header.set(randomFillSync(new Int32Array(HEADER_BYTES / 4 - HEADER.seed)), HEADER.seed);
    return memory;
  }

  // ---- the header

  /** What nobody else knows, for `FileIds`. */
  get seed(): Int32Array {
    return this.#words.slice(HEADER.seed, HEADER_BYTES / 4);
  }

  /** The record behind whose bytes the next ones are laid. */
  get hand(): number {
    return this.#words[HEADER.hand];
  }

  set hand(record: number) {
    this.#words[HEADER.hand] = record;
  }

  /** The record that was last looked at for one to give up. */
  get entryHand(): number {
    return this.#words[HEADER.entryHand];
  }

  set entryHand(record: number) {
    this.#words[HEADER.entryHand] = record;
  }

  /** First of the chain of records that were given up. */
  get free(): number {
    return this.#words[HEADER.free];
  }

  set free(record: number) {
    this.#words[HEADER.free] = record;
  }

  /** Records that have been used at all. */
  get used(): number {
    return this.#words[HEADER.used];
  }

  set used(records: number) {
    this.#words[HEADER.used] = records;
  }

  /** How often something has been seen to change in a directory that is watched. */
  get changes(): number {
    return Atomics.load(this.#words, HEADER.changes);
  }

  countChange(): void {
    Atomics.add(this.#words, HEADER.changes, 1);
  }

  /** True for the first who asks. */
  claimWarning(): boolean {
    return Atomics.exchange(this.#words, HEADER.warned, 1) === 0;
  }

  /** Files whose bytes are here. */
  get filled(): number {
    return this.#words[HEADER.filled];
  }

  set filled(files: number) {
    this.#words[HEADER.filled] = files;
  }

  first(bucket: number): number {
    return this.#words[HEADER_BYTES / 4 + bucket];
  }

  setFirst(bucket: number, record: number): void {
    this.#words[HEADER_BYTES / 4 + bucket] = record;
  }

  bucketOf(id: FileId): number {
    return id[0] & (this.#buckets - 1);
  }

  /** The bucket that a record is in. */
  bucket(record: number): number {
    return this.#words[this.#word(record) + WORD.id] & (this.#buckets - 1);
  }

  // ---- a record

  hasId(record: number, id: FileId): boolean {
    const words = this.#words;
    const at = this.#word(record) + WORD.id;
    return (
      words[at] === id[0] && words[at + 1] === id[1] && words[at + 2] === id[2] && words[at + 3] === id[3]
    );
  }

  setId(record: number, id: FileId): void {
    this.#words.set(id, this.#word(record) + WORD.id);
  }

  version(record: number): FileVersion {
    const doubles = this.#doubles;
    const at = this.#double(record);
    return {
      dev: doubles[at],
      ino: doubles[at + 1],
      size: doubles[at + 2],
      mtimeMs: doubles[at + 3],
      ctimeMs: doubles[at + 4],
    };
  }

  setVersion(record: number, { dev, ino, size, mtimeMs, ctimeMs }: FileVersion): void {
    const doubles = this.#doubles;
    const at = this.#double(record);
    doubles[at] = dev;
    doubles[at + 1] = ino;
    doubles[at + 2] = size;
    doubles[at + 3] = mtimeMs;
    doubles[at + 4] = ctimeMs;
  }

  tag(record: number): string {
    const at = this.#byte(record);
    return latin1(this.#bytes, at + BYTE.tag, at + BYTE.tag + this.#bytes[at + BYTE.tagLength]);
  }

  /** False: it is too long to be kept. */
  setTag(record: number, tag: string): boolean {
    if (tag.length > LONGEST_TAG) return false;
    const at = this.#byte(record);
    this.#bytes[at + BYTE.tagLength] = this.#bytes.write(tag, at + BYTE.tag, 'latin1');
    return true;
  }

  /** When it was looked at: until when that holds, on the machine's clock, and how many changes had been seen. */
  look(record: number): { freshUntil: number; changes: number } {
    const freshUntil = this.#doubles[this.#double(record) + FRESH_UNTIL];
    return { freshUntil, changes: this.#words[this.#word(record) + WORD.changes] };
  }

  setLook(record: number, freshUntil: number, changes: number): void {
    this.#doubles[this.#double(record) + FRESH_UNTIL] = freshUntil;
    this.#words[this.#word(record) + WORD.changes] = changes;
  }

  state(record: number): number {
    return this.#words[this.#word(record) + WORD.state];
  }

  setState(record: number, state: number): void {
    this.#words[this.#word(record) + WORD.state] = state;
  }

  next(record: number): number {
    return this.#words[this.#word(record) + WORD.next];
  }

  setNext(record: number, next: number): void {
    this.#words[this.#word(record) + WORD.next] = next;
  }

  // ---- its bytes

  /** First grain of its bytes. */
  at(record: number): number {
    return this.#words[this.#word(record) + WORD.at];
  }

  /** 0 where it has none. */
  grainsOf(record: number): number {
    return this.#words[this.#word(record) + WORD.grains];
  }

  length(record: number): number {
    return this.#words[this.#word(record) + WORD.length];
  }

  setPlace(record: number, at: number, grains: number, length: number): void {
    const word = this.#word(record);
    this.#words[word + WORD.at] = at;
    this.#words[word + WORD.grains] = grains;
    this.#words[word + WORD.length] = length;
  }

  /** The record with the next higher bytes; 0 above the last. */
  above(record: number): number {
    return this.#words[this.#word(record) + WORD.above];
  }

  below(record: number): number {
    return this.#words[this.#word(record) + WORD.below];
  }

  /** Put two records next to each other in the order of their bytes. */
  join(below: number, above: number): void {
    this.#words[this.#word(below) + WORD.above] = above;
    this.#words[this.#word(above) + WORD.below] = below;
  }

  view(record: number): Buffer {
    const start = this.#start(record);
    return this.#bytes.subarray(start, start + this.length(record));
  }

  /** Write the head of an answer before the bytes. Answers its length; 0 where it does not fit. */
  writeHead(record: number, head: HeadPieces): number {
    const end = this.#start(record);
    const begin = writeBefore(this.#bytes, head, end, end - HEAD_ROOM);
    return begin === -1 ? 0 : end - begin;
  }

  /** Who has written the head that is there. */
  author(record: number): number {
    return this.#words[this.#word(record) + WORD.author];
  }

  setAuthor(record: number, author: number): void {
    this.#words[this.#word(record) + WORD.author] = author;
  }

  /** A name for one who writes heads. */
  newAuthor(): number {
    return Atomics.add(this.#words, HEADER.authors, 1) + 1;
  }

  /** The bytes, and as many as that before them. */
  viewWithHead(record: number, headLength: number): Buffer {
    const start = this.#start(record);
    return this.#bytes.subarray(start - headLength, start + this.length(record));
  }

  /** Counts what has become of the bytes: who has seen another number has seen others. */
  generation(record: number): number {
    return Atomics.load(this.#words, this.#word(record) + WORD.generation);
  }

  setGeneration(record: number, generation: number): void {
    Atomics.store(this.#words, this.#word(record) + WORD.generation, generation);
  }

  /** How many are looking at the bytes. */
  pins(record: number): number {
    return Atomics.load(this.#words, this.#word(record) + WORD.pins);
  }

  /** Look at the bytes. Answers how many do already. */
  pin(record: number): number {
    return Atomics.add(this.#words, this.#word(record) + WORD.pins, 1);
  }

  unpin(record: number): void {
    Atomics.sub(this.#words, this.#word(record) + WORD.pins, 1);
  }

  /** It has been asked for. Only written where it is not known yet: the line stays in the caches of all cores. */
  visit(record: number): void {
    const at = this.#byte(record);
    const bytes = this.#bytes;
    if (bytes[at + BYTE.visited] === 0) bytes[at + BYTE.visited] = 1;
    if (bytes[at + BYTE.asked] === 0) bytes[at + BYTE.asked] = 1;
  }

  /** It is looked for, for the how manyth time of all. Returns how many of those lie between this and the last for it. */
  countFind(record: number): number {
    const words = this.#words;
    const at = this.#word(record) + WORD.askedAt;
    const finds = ++words[HEADER.finds];
    const before = words[at];
    words[at] = finds;
    return (finds - before) | 0;
  }

  /** Whether its bytes were asked for since this was last asked. */
  takeVisited(record: number): boolean {
    return this.#take(record, BYTE.visited);
  }

  /** Whether anything of it was asked for since this was last asked. */
  takeAsked(record: number): boolean {
    return this.#take(record, BYTE.asked);
  }

  #take(record: number, byte: number): boolean {
    const at = this.#byte(record) + byte;
    const was = this.#bytes[at] !== 0;
    this.#bytes[at] = 0;
    return was;
  }

  #start(record: number): number {
    return this.#slab + this.at(record) * GRAIN + HEAD_ROOM;
  }

  #byte(record: number): number {
    return this.#firstRecord + record * RECORD_BYTES;
  }

  #word(record: number): number {
    return (this.#firstRecord >> 2) + record * RECORD_WORDS;
  }

  #double(record: number): number {
    return (this.#firstRecord >> 3) + record * RECORD_DOUBLES;
  }
}
