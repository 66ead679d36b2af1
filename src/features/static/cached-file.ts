import { Buffer } from 'node:buffer';
import { DreamError } from '../../core/errors.ts';
import { type Body, type BodySink, type BodySource, TEXT_LIMIT } from '../../http/body.ts';
import type { Validators } from '../../http/conditional.ts';
import { HeaderList } from '../../http/header-list.ts';
import { Response } from '../../http/response.ts';
import { NO_FIELDS, type OwnFields } from './field-rules.ts';
import type { FileVariants } from './file-variants.ts';
import { type FileVersion, validatorsOf } from './file-version.ts';
import { QueuedFile } from './hot-files.ts';
import { KeptBytes } from './kept-bytes.ts';

/** What a kept file costs besides its bytes, about: its names, two answers with their serialised heads, and its place. */
const OVERHEAD = 2560;

const NOTHING: readonly string[] = [];

/** What is asked for this often between two looks at it gets bytes of its own, which no other thread can be sending; the rest is sent from where it lies. */
const OFTEN = 64;

/** What a file was found to be. */
export interface FoundFile {
  /** Under which it is kept. */
  readonly key: string;
  /** The name below the root, as `filePathOf` gives it. */
  readonly name: string;
  /** Where that lies: what is looked at to see whether it is still the same. */
  readonly path: string;
  readonly version: FileVersion;
  readonly mediaType: string;
  readonly etag: string;
  /** Whether equal stat fields are to be taken for an equal file. */
  readonly settled: boolean;
  /** All its bytes, its own or shared; undefined when they are not in memory. */
  readonly bytes: Buffer | KeptBytes | undefined;
  /** How many bytes are served, where that is not the size of the file. */
  readonly size?: number | undefined;
  /** In which its bytes are, of what has this media type; undefined when they are that itself. */
  readonly coding?: string | undefined;
  /** Its coded forms; undefined when it has only one form. */
  readonly variants?: FileVariants | undefined;
  /** What the site wants to be said about it besides. */
  readonly own?: OwnFields | undefined;
  /** Paths at which there was nothing (`isThere`) when it was found: what comes there is to be answered in its place. */
  readonly shadowedBy?: readonly string[] | undefined;
}

/**
 * A version of a file with its answers ready made, as one thread has it. A small one's bytes are in memory, and it is
 * answered without a look at the disk: they lie in the memory that threads share, and may be gone when they are asked for.
 * A few become its own when it is asked for very often. Of a large one at first only what is
 * said about it is kept, and its bytes are read for each request.
 */
export class CachedFile extends QueuedFile {
  // What a request needs stands first, so that it lies together in memory.
  /**
   * Until when it is served without another look at the disk, on the monotonic clock … In whole milliseconds: V8 stores small
   * integers in place, and other numbers as objects of their own.
   */
  freshUntil = 0;
  /** … unless more changes have been seen than when it was looked at. */
  changes: number;
  /** How often it will be asked for before its bytes become its own; 0 where they are, or never will be. */
  #untilCopy: number;
  bytes: Buffer | KeptBytes | undefined;
  /** The answer to HEAD; to GET too where the bytes are its own, else its body has nothing but a length. */
  readonly whole: Response;
  #notModified: Response | undefined = undefined;
  readonly variants: FileVariants | undefined;
  readonly shadowedBy: readonly string[];
  readonly version: FileVersion;
  readonly path: string;
  readonly name: string;
  readonly settled: boolean;
  readonly key: string;
  readonly mediaType: string;
  /** Of the bytes that are served. */
  readonly size: number;
  readonly coding: string | undefined;
  /** It was made of the file at `path`: its bytes are in memory or nowhere. */
  readonly isMade: boolean;
  readonly own: OwnFields;
  readonly validators: Validators;
  /** It was not asked for lately, and is kept by nobody. */
  isPassing = false;
  /** It has been read from the disk for a request, so when it is asked for again it is better kept. */
  wasStreamed = false;

  constructor(found: FoundFile, freshUntil: number, changes: number) {
    super();
    const { version, etag } = found;
    this.key = found.key;
    this.name = found.name;
    this.path = found.path;
    const { dev, ino, size, mtimeMs, ctimeMs } = version;
    this.version = { dev, ino, size, mtimeMs, ctimeMs };
    this.mediaType = found.mediaType;
    this.bytes = found.bytes;
    this.size = found.size ?? size;
    this.coding = found.coding;
    this.isMade = found.size !== undefined;
    this.variants = found.variants;
    this.own = found.own ?? NO_FIELDS;
    this.shadowedBy = found.shadowedBy ?? NOTHING;
    this.settled = found.settled;
    this.#untilCopy = this.#often;
    this.freshUntil = Math.floor(freshUntil);
    this.changes = changes;

    this.validators = validatorsOf(etag, mtimeMs);
    const { lastModified } = this.validators;
    const coding = found.coding === undefined ? [] : ['Content-Encoding', found.coding];
    const vary = this.#isNegotiated ? ['Vary', 'Accept-Encoding'] : [];
    const fields = ['Content-Type', found.mediaType, ...coding, 'Last-Modified', lastModified, 'ETag', etag];
    const body: Body = Buffer.isBuffer(found.bytes) ? found.bytes : new LengthOnly(this.size);
    const { always, withBytes } = this.own;
    const headers = HeaderList.of(...fields, ...vary, 'Accept-Ranges', 'bytes', ...always, ...withBytes);
    this.whole = new Response(200, headers, body, { reusable: true });
  }

  /** With the entity-tag, what it depends on, for how long it holds, and nothing else that describes the file (RFC 9110 §15.4.5). */
  get notModified(): Response {
    this.#notModified ??= this.#makeNotModified();
    return this.#notModified;
  }

  #makeNotModified(): Response {
    const vary = this.#isNegotiated ? ['Vary', 'Accept-Encoding'] : [];
    const headers = HeaderList.of('ETag', this.validators.etag, ...vary, ...this.own.always);
    return new Response(304, headers, null, { reusable: true });
  }

  /** Also where there is no other form at the moment: one may come while caches still have this one. */
  get #isNegotiated(): boolean {
    return this.coding !== undefined || this.variants !== undefined;
  }

  /** The answer to GET; undefined when the bytes are not in memory, or not any more. */
  get inFull(): Response | undefined {
    const { bytes } = this;
    if (bytes === undefined) return undefined;
    if (Buffer.isBuffer(bytes)) return this.whole;
    const body = bytes.body(0, bytes.length);
    return body && this.whole.withBody(body);
  }

  /** A part of it; undefined when the bytes are not in memory, or not any more. */
  part(start: number, length: number): Buffer | BodySource | undefined {
    const { bytes } = this;
    return Buffer.isBuffer(bytes) ? bytes.subarray(start, start + length) : bytes?.body(start, length);
  }

  /** It is the same still: a look at the disk has told so. */
  lookedAt(freshUntil: number, changes: number): void {
    this.freshUntil = Math.floor(freshUntil);
    this.changes = changes;
    this.#untilCopy = this.#often;
  }

  /** Its bytes are in memory again. */
  takeBytes(bytes: KeptBytes): void {
    this.bytes = bytes;
    this.#untilCopy = this.#often;
  }

  get #often(): number {
    return this.bytes instanceof KeptBytes && this.size <= TEXT_LIMIT ? OFTEN : 0;
  }

  /** It is asked for again. Whether that is so often, and its bytes so few, that they are better its own. */
  wantsCopy(): boolean {
    return this.#untilCopy > 0 && --this.#untilCopy === 0;
  }

  /** The same version, with its bytes in memory; small ones that were here already become its own. Undefined when they are gone. */
  withBytes(bytes: Buffer | KeptBytes): CachedFile | undefined {
    const here = bytes instanceof KeptBytes && bytes === this.bytes ? bytes.copy() : bytes;
    if (here === undefined) return undefined;
    const { key, name, path, version, mediaType, settled, validators, freshUntil, changes } = this;
    const { coding, variants, own, shadowedBy } = this;
    const size = this.isMade ? this.size : undefined;
    const form = { etag: validators.etag, settled, bytes: here, size, coding, variants, own, shadowedBy };
    const found = { key, name, path, version, mediaType, ...form };
    return new CachedFile(found, freshUntil, changes);
  }

  /** Of this thread's memory: what is small is there with its head, and as text, too. */
  get weight(): number {
    if (!Buffer.isBuffer(this.bytes)) return OVERHEAD;
    const { length } = this.bytes;
    return OVERHEAD + (length <= TEXT_LIMIT ? 3 * length : length);
  }
}

/** The body of an answer to HEAD: it is never sent, but its length is told. */
class LengthOnly implements BodySource {
  readonly length: number;
  readonly trailers = undefined;

  constructor(length: number) {
    this.length = length;
  }

  flow(sink: BodySink): void {
    sink.fail(new DreamError('internal.failure', 'the body of an answer to HEAD is not sent'));
  }

  resume(): void {}

  cancel(): void {}
}
