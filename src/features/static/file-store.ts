import { Buffer } from 'node:buffer';
import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { monotonicNow } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { flat } from '../../core/latin1.ts';
import type { BodySource } from '../../http/body.ts';
import type { ByteRange } from '../../http/range.ts';
import { CachedFile } from './cached-file.ts';
import type { DirectoryWatch } from './directory-watch.ts';
import { FieldRules, type OwnFields } from './field-rules.ts';
import { FileBody } from './file-body.ts';
import type { FileMemory } from './file-memory.ts';
import { fileParts } from './file-parts.ts';
import type { CodedAs, FileVariants } from './file-variants.ts';
import { type FileId, FileIds } from './file-ids.ts';
import { digestTag, entityTag, hasGrown, isSameVersion, isSettled, LARGEST_SMALL } from './file-version.ts';
import type { FileTable } from './hot-files.ts';
import { type KeptBytes, ownIfText } from './kept-bytes.ts';
import { PassingBody } from './passing-body.ts';
import { readBuffers } from './read-buffers.ts';
import { HEAD_ROOM } from './record-layout.ts';
import { isFilled, type Reading, readAgain, readDigest, readWhole, readWholeNow } from './read-file.ts';
import type { StaticOptions } from './schema.ts';
import type { Knowledge, Room, SharedFiles } from './shared-files.ts';
import type { OpenFile } from './site-root.ts';
import { isThere, SiteRoots } from './site-roots.ts';
import { SlowReads } from './slow-reads.ts';

/**
 * How long a file is served without looking whether it is still the same, in milliseconds. A stat costs some 2 µs,
 * a fifth of what a whole request costs; so a file that is asked for often pays it twice a second, and an
 * edited one is served new within half a second, wherever nobody tells of changes.
 */
export const FRESH_MS = 500;

/** Larger files are read for each request, however often: of the room for bytes one of them may take as much as this. */
const LARGEST_SHARE = 1 / 16;
const LARGEST_KEPT = 64 * 2 ** 20;

/**
 * Where there is no room in shared memory, since others hold it, larger files are streamed: an answer holds on to all the
 * bytes that it has until its client has taken them, however slowly.
 */
const LARGEST_OWN = 2 ** 16;

/** What is not larger is read at once: the system has it in memory, as a rule. */
const LARGEST_AT_ONCE = 2 ** 17;
const NOTHING: readonly string[] = [];

/** How often a file that changes while it is read is tried again. */
const ATTEMPTS = 3;

/** What a name was found to be, and why it is no file. */
export type Loaded = CachedFile | 'directory' | 'absent' | ErrorCode;

/** Tells the coded forms that a file may have, from its name, media type and size in bytes. */
export type VariantsOf = (name: string, mediaType: string, size: number) => FileVariants | undefined;

/** The files of a site, the hot ones from memory. */
export class FileStore {
  readonly #roots: SiteRoots;
  readonly #rules: FieldRules;
  readonly #table: FileTable<CachedFile>;
  readonly #shared: SharedFiles | undefined;
  readonly #watch: DirectoryWatch | undefined;
  readonly #variantsOf: VariantsOf | undefined;
  /** Tell this site's files from those of others in shared memory. */
  readonly #ids: FileIds;
  readonly #largestKept: number;
  /** A file is on its way into memory. */
  #keeping = false;
  readonly #slowReads: SlowReads;

  /** Throws the system's error when one of the site's directories is not there. */
  constructor(options: StaticOptions, { hot, shared, watch }: FileMemory, variantsOf?: VariantsOf) {
    this.#slowReads = new SlowReads([options.root, ...options.furtherRoots]);
    this.#roots = new SiteRoots(options, this.#slowReads);
    this.#rules = new FieldRules(options);
    this.#table = hot.table();
    this.#shared = shared;
    this.#watch = watch;
    this.#variantsOf = variantsOf;
    const scope = [options.symlinks, ...this.#roots.placesOf('')].join(' ');
    this.#ids = shared?.ids(scope) ?? new FileIds(scope, new Int32Array(0));
    this.#largestKept = Math.min(LARGEST_KEPT, (shared?.size ?? 0) * LARGEST_SHARE);
  }

  /** The file kept under a key (a request's path), if it is known to be current at `now` (`monotonicNow`). */
  cached(key: string, now: number): CachedFile | undefined {
    const file = this.#table.get(key);
    if (file === undefined) return undefined;
    const changes = this.#shared?.changes ?? 0;
    if (now >= file.freshUntil || file.changes !== changes) {
      if (!this.#isStill(file, file.path, file.name, now) || file.shadowedBy.some(isThere)) {
        this.#table.delete(file);
        return undefined;
      }
      file.lookedAt(now + FRESH_MS, changes);
    }
    return file.wantsCopy() ? (this.#put(file, file.bytes) ?? file) : file;
  }

  /**
   * What any thread has in memory of the file of that name, if it is known to be current at `now`. `as`: it is another
   * file in a coding.
   */
  kept(key: string, name: string, now: number, as?: CodedAs): CachedFile | undefined {
    const shared = this.#shared;
    const mediaType = shared && (as?.mediaType ?? this.#rules.mediaTypeNow(name));
    if (mediaType === undefined) return undefined;
    const changes = shared?.changes ?? 0;
    const known = shared?.find(this.#idOf(name, as?.coding));
    if (known === undefined) return undefined;
    const path = this.#roots.locate(name);
    const isFresh = now < known.freshUntil && known.changes === changes;
    if (!isFresh && !this.#isStill(known, path, name, now)) return undefined;
    const { version, etag, settled } = known;
    const { bytes } = known;
    const freshUntil = isFresh ? known.freshUntil : now + FRESH_MS;
    const shadowedBy = this.#placesBefore(path, name);
    const form = { etag, settled, bytes, shadowedBy, ...this.#formOf(name, mediaType, version.size, as) };
    const isPassing = !known.recent;
    // A path off the wire may be a slice, which would hold on to a query.
    const ownKey = isPassing || as !== undefined ? key : flat(key);
    const found = { key: ownKey, name, path, version, mediaType, ...form };
    const file = new CachedFile(found, freshUntil, changes);
    // What is not asked for again would only push others out.
    file.isPassing = isPassing;
    if (!isPassing) this.#table.set(file);
    return file;
  }

  /** What was made of this version of a file by any thread, if it is in memory. */
  keptMade(key: string, file: CachedFile, coding: string): CachedFile | undefined {
    const known = this.#shared?.find(this.#idOf(file.name, coding));
    if (known?.bytes === undefined || !isSameVersion(known.version, file.version)) return undefined;
    const bytes = ownIfText(known.bytes);
    return bytes && this.#made(key, file, coding, known.etag, bytes);
  }

  /** Keep what was made of a version of a file: served as long as that stays as it is. */
  keepMade(key: string, file: CachedFile, coding: string, bytes: Buffer): CachedFile {
    const { version, settled, freshUntil, changes } = file;
    const etag = entityTag(bytes, version, settled, coding);
    const room = this.#shared?.reserve(this.#idOf(file.name, coding), version, bytes.length);
    if (room === undefined) return this.#made(key, file, coding, etag, bytes);
    bytes.copy(room.view);
    const kept = room.keep({ etag, settled, freshUntil, changes });
    return this.#made(key, file, coding, etag, (kept && ownIfText(kept)) ?? bytes);
  }

  #made(
    key: string,
    { name, path, version, mediaType, settled, own, shadowedBy, freshUntil, changes }: CachedFile,
    coding: string,
    etag: string,
    bytes: Buffer | KeptBytes,
  ): CachedFile {
    const form = { etag, settled, bytes, size: bytes.length, coding, own, shadowedBy };
    const made = new CachedFile({ key, name, path, version, mediaType, ...form }, freshUntil, changes);
    if (this.#shared !== undefined) this.#table.set(made);
    return made;
  }

  #formOf(
    name: string,
    mediaType: string,
    size: number,
    as: CodedAs | undefined,
  ): { coding: string | undefined; variants: FileVariants | undefined; own: OwnFields } {
    const variants = as === undefined ? this.#variantsOf?.(name, mediaType, size) : undefined;
    return { coding: as?.coding, variants, own: as?.own ?? this.#rules.fieldsOf(name) };
  }

  /**
   * Take in the file of that name, a small one with its bytes. All of them are of one version. `passedOver`: names
   * that would be served rather, if there were files of them. `as`: it is another file in a coding.
   */
  async load(key: string, name: string, passedOver = NOTHING, as?: CodedAs): Promise<Loaded> {
    const mediaType = as?.mediaType ?? (await this.#rules.mediaTypeOf(name));
    for (const place of this.#roots.placesOf(name)) this.#watch?.add(dirname(place));
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const changes = this.#shared?.changes ?? 0;
      const freshUntil = monotonicNow() + FRESH_MS;
      const opened = await this.#roots.open(name);
      if (typeof opened === 'string') return opened;
      const { path, stats: version } = opened;
      const settled = isSettled(version);
      const look = { settled, freshUntil, changes };
      let found: (Pick<Knowledge, 'etag'> & { bytes: Buffer | KeptBytes | undefined }) | undefined;
      if (version.size <= LARGEST_SMALL) {
        found = await this.#read(
          this.#idOf(name, as?.coding),
          opened,
          look,
          as?.coding,
          attempt === ATTEMPTS,
        );
        if (found === undefined) continue;
      } else {
        closeSync(opened.fd);
        found = { etag: entityTag(undefined, version, settled, as?.coding), bytes: undefined };
      }
      const shadowedBy = this.#placesBefore(path, name, passedOver);
      const form = { settled, shadowedBy, ...found, ...this.#formOf(name, mediaType, version.size, as) };
      const file = new CachedFile({ key, name, path, version, mediaType, ...form }, freshUntil, changes);
      if (this.#shared !== undefined) this.#table.set(file);
      return file;
    }
    return 'static.file-changed';
  }

  /** What there is of that name, as far as it may be seen. */
  async kindOf(name: string): Promise<'file' | 'directory' | 'absent' | ErrorCode> {
    const found = await this.#roots.open(name);
    if (typeof found === 'string') return found;
    closeSync(found.fd);
    return 'file';
  }

  /** Bytes of a file as a body; undefined when the file on the disk is not this version any more, or they never were there. */
  async openBody(file: CachedFile, start: number, length: number): Promise<FileBody | undefined> {
    const fd = await this.#openSame(file);
    return fd === undefined ? undefined : new FileBody(fd, start, length);
  }

  /** Ranges of a file, each as a body: read of one descriptor, so that they are of one version. See `openBody`. */
  async openParts(file: CachedFile, ranges: readonly ByteRange[]): Promise<FileBody[] | undefined> {
    const fd = await this.#openSame(file);
    return fd === undefined ? undefined : fileParts(fd, ranges);
  }

  /** A descriptor of this version of a file; undefined when it is not there any more. */
  async #openSame(file: CachedFile): Promise<number | undefined> {
    const opened = file.isMade ? 'absent' : await this.#roots.open(file.name);
    if (typeof opened !== 'string') {
      const { stats } = opened;
      // What is being appended to never is the same for long; its tag is weak, as is all that is said of it.
      const isWeak = file.validators.etag.startsWith('W/');
      const isAppended = !file.settled && isWeak && hasGrown(stats, file.version);
      if (isAppended || isSameVersion(stats, file.version)) return opened.fd;
      closeSync(opened.fd);
    }
    this.#table.delete(file);
    return undefined;
  }

  /** Something below the root has been written by this thread: all of them look at what they keep before they serve it. */
  changed(): void {
    this.#shared?.countChange();
  }

  /** Bytes of a small file that had to go, read again at once; undefined when that has to be done in another way. */
  readNow(file: CachedFile, start: number, length: number): BodySource | Buffer | undefined {
    const { version, size, settled, path } = file;
    const shared = this.#shared;
    const startedAt = monotonicNow();
    if (
      shared === undefined ||
      size > LARGEST_AT_ONCE ||
      !settled ||
      file.isMade ||
      this.#slowReads.areExpected(startedAt)
    )
      return undefined;
    const room = file.isPassing ? undefined : shared.reserve(this.#idOf(file.name, file.coding), version);
    if (room === undefined) {
      if (!readBuffers.plenty) return undefined;
      const buffer = readBuffers.takeSmall(HEAD_ROOM + length);
      const reading = readAgain(path, version, buffer.subarray(HEAD_ROOM, HEAD_ROOM + length), start);
      this.#slowReads.took(monotonicNow() - startedAt, startedAt);
      if (reading === 'read') return new PassingBody(buffer, HEAD_ROOM, length);
      readBuffers.release(buffer);
      return undefined;
    }
    const reading = readAgain(path, version, room.view);
    this.#slowReads.took(monotonicNow() - startedAt, startedAt);
    if (reading === 'read') {
      const kept = keptIn(room, file);
      if (kept !== undefined) file.takeBytes(kept);
      return file.part(start, length);
    }
    room.giveUp();
    return undefined;
  }

  /**
   * A file has been read from the disk for a request: take it into memory for those who come next, a large one the second
   * time. Nobody waits for it, and it is one at a time, so that a crawl does not fill the memory with what it will not ask
   * for again.
   */
  keepIfHot(file: CachedFile): void {
    // On the disk lies what it was made of, not the file itself.
    if (file.isMade) return;
    const isHot = file.wasStreamed || file.size <= LARGEST_SMALL;
    file.wasStreamed = true;
    if (!isHot || this.#keeping || file.size > this.#largestKept || !file.settled) return;
    this.#keeping = true;
    const over = (): void => void (this.#keeping = false);
    // What could not be read then is told of the request that has to read it.
    this.#keep(file).then(over, over);
  }

  async #keep(file: CachedFile): Promise<void> {
    const opened = await this.#roots.open(file.name);
    if (typeof opened === 'string') return;
    const isSame = isSameVersion(opened.stats, file.version);
    const room = isSame ? this.#shared?.reserve(this.#idOf(file.name, file.coding), file.version) : undefined;
    if (room === undefined) {
      closeSync(opened.fd);
    } else if (await isFilled(room, () => readWhole(opened, room.view))) {
      const kept = keptIn(room, file);
      if (this.#table.get(file.key) === file) this.#put(file, kept);
    }
  }

  /**
   * Read a small file, into memory that is shared where there is room. Undefined: it has changed meanwhile. `mayGrow`: a log
   * that is written to all the time is taken as it was when it was opened.
   */
  async #read(
    id: FileId,
    opened: OpenFile,
    look: Omit<Knowledge, 'version' | 'etag'>,
    coding: string | undefined,
    mayGrow: boolean,
  ): Promise<{ etag: string; bytes: Buffer | KeptBytes | undefined } | undefined> {
    const { stats: version } = opened;
    const known = this.#shared?.find(id);
    if (known?.bytes !== undefined && known.settled && isSameVersion(known.version, version)) {
      closeSync(opened.fd);
      return { etag: known.etag, bytes: known.bytes };
    }
    const room = this.#shared?.reserve(id, version);
    if (room === undefined && this.#shared !== undefined && version.size > LARGEST_OWN) {
      const digest = await readDigest(opened, mayGrow);
      if (digest === 'changed') return undefined;
      const tag = digestTag(digest.digest('base64url'), coding);
      // They are read once more to be sent, when they may be others and look the same (RFC 9110 §8.8.1).
      return { etag: look.settled ? tag : `W/${tag}`, bytes: undefined };
    }
    const bytes = room?.view ?? Buffer.allocUnsafeSlow(version.size);
    const now = (): Reading => readWholeNow(opened, bytes);
    const elsewhere = (): Promise<Reading> => readWhole(opened, bytes);
    const isShort = bytes.length <= LARGEST_AT_ONCE;
    const read = () => (isShort ? this.#slowReads.atOnce(now, elsewhere) : elsewhere());
    if (!(await isFilled(room, read, mayGrow))) return undefined;
    const etag = entityTag(bytes, version, look.settled, coding);
    if (room === undefined) return { etag, bytes };
    const kept = room.keep({ etag, ...look });
    return kept && { etag, bytes: kept };
  }

  /** Have the answers of a file made anew, now that its bytes are here. */
  #put(file: CachedFile, bytes: Buffer | KeptBytes | undefined): CachedFile | undefined {
    const filled = bytes && file.withBytes(bytes);
    if (filled !== undefined) this.#table.set(filled);
    return filled;
  }

  /** The paths at which it was looked for a file before it was found at `path`. */
  #placesBefore(path: string, name: string, passedOver = NOTHING): readonly string[] {
    if (this.#roots.isSingle && passedOver.length === 0) return NOTHING;
    const places = this.#roots.placesOf(name);
    return [
      ...passedOver.flatMap((each) => this.#roots.placesOf(each)),
      ...places.slice(0, places.indexOf(path)),
    ];
  }

  #isStill(
    { version, settled }: Pick<CachedFile, 'version' | 'settled'>,
    path: string,
    name: string,
    now: number,
  ): boolean {
    return settled && this.#roots.isStill(version, path, name, now);
  }

  #idOf(name: string, coding?: string): FileId {
    return this.#ids.of(name, coding);
  }
}

function keptIn(room: Room, { validators, settled, freshUntil, changes }: CachedFile): KeptBytes | undefined {
  return room.keep({ etag: validators.etag, settled, freshUntil, changes });
}
