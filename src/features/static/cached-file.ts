import { hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { formatHttpDate } from '../../core/clock.ts';
import { DreamError } from '../../core/errors.ts';
import type { Body, BodySink, BodySource } from '../../http/body.ts';
import type { Validators } from '../../http/conditional.ts';
import { HeaderList } from '../../http/header-list.ts';
import { Response } from '../../http/response.ts';

/**
 * A file changed this recently, in milliseconds, may change again without its time stamps showing it: the coarsest
 * file systems count in steps of two seconds.
 */
const SETTLING_MS = 2000;

/** What a kept file costs besides its bytes, about: its names, two answers with their serialised heads, and its place. */
const OVERHEAD = 3072;

/** The stat fields that change when a file is written to, replaced or touched; ctime also when mtime is forged. */
export type FileVersion = Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>;

/** Whether two looks at a file saw the same version of the same file. */
export function isSameVersion(a: FileVersion, b: FileVersion): boolean {
  return (
    a.mtimeMs === b.mtimeMs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.ctimeMs === b.ctimeMs &&
    a.dev === b.dev
  );
}

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
  /** All its bytes; undefined when they are not in memory. */
  readonly bytes: Buffer | undefined;
}

/** Files up to this size are read into memory when they are first asked for, and their tags made from their bytes. */
export const LARGEST_SMALL = 2 ** 20;

/**
 * A version of a file with its answers ready made. A small one has its bytes in memory and is answered without a look
 * at the disk. Of a large one at first only what is said about it is kept, and its bytes are read for each request.
 */
export class CachedFile {
  readonly key: string;
  readonly name: string;
  readonly path: string;
  readonly version: FileVersion;
  readonly mediaType: string;
  readonly bytes: Buffer | undefined;
  readonly validators: Validators;
  /** Whether equal stat fields are to be taken for an equal file. */
  readonly settled: boolean;
  /** The answer to GET and HEAD, if the bytes are here; else only to HEAD, for its body has nothing but a length. */
  readonly whole: Response;
  readonly notModified: Response;
  /** Until when it is served without another look at the disk, on the monotonic clock. */
  freshUntil: number;
  /** It has been read from the disk for a request, so when it is asked for again it is better kept. */
  wasStreamed = false;

  constructor(found: FoundFile, freshUntil: number) {
    this.key = found.key;
    this.name = found.name;
    this.path = found.path;
    const { dev, ino, size, mtimeMs, ctimeMs } = found.version;
    this.version = { dev, ino, size, mtimeMs, ctimeMs };
    this.mediaType = found.mediaType;
    this.bytes = found.bytes;
    this.freshUntil = freshUntil;

    const now = Date.now();
    this.settled = now - ctimeMs > SETTLING_MS;
    const etag = entityTag(found.bytes, this.version, this.settled);
    // Never later than the answer itself (RFC 9110 §8.8.2.1).
    const lastModifiedSeconds = Math.floor(Math.min(mtimeMs, now) / 1000);
    const lastModified = formatHttpDate(lastModifiedSeconds * 1000);
    this.validators = { etag, lastModified, lastModifiedSeconds };

    const fields = ['Content-Type', found.mediaType, 'Last-Modified', lastModified, 'ETag', etag];
    const body: Body = found.bytes ?? new LengthOnly(size);
    this.whole = new Response(200, HeaderList.of(...fields, 'Accept-Ranges', 'bytes'), body, {
      reusable: true,
    });
    // The entity-tag and nothing else that describes the file (RFC 9110 §15.4.5).
    this.notModified = new Response(304, HeaderList.of('ETag', etag), null, { reusable: true });
  }

  get size(): number {
    return this.version.size;
  }

  /** The same version, with its bytes in memory. */
  withBytes(bytes: Buffer): CachedFile {
    const { key, name, path, version, mediaType, freshUntil } = this;
    return new CachedFile({ key, name, path, version, mediaType, bytes }, freshUntil);
  }

  /** Bytes of memory that keeping it takes. */
  get weight(): number {
    return (this.bytes?.length ?? 0) + OVERHEAD;
  }
}

/**
 * A small file's tag is a digest of its bytes, so it survives a new checkout, and differs where builds give every file
 * the same date. A large one's is made of size and time, weak as long as the time may hide a change (RFC 9110 §8.8.1).
 */
function entityTag(bytes: Buffer | undefined, version: FileVersion, settled: boolean): string {
  if (bytes !== undefined && version.size <= LARGEST_SMALL)
    return `"${hash('sha256', bytes, 'base64url').slice(0, 22)}"`;
  const microseconds = Math.round(version.mtimeMs * 1000);
  return `${settled ? '' : 'W/'}"${version.size.toString(36)}-${microseconds.toString(36)}"`;
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
