import { brotliCompress, constants, gzip, zstdCompress } from 'node:zlib';
import type { ContentCoding } from '../../http/content-coding.ts';

/** Jobs that are worked on at the same time. libuv has four threads for the whole process, and files are read there too. */
const MOST_RUNNING = 2;

/** Bytes of jobs that are not done: what finds no room is served as it is, and tried again when it is asked for again. */
const MOST_PENDING = 16 * 2 ** 20;

/** One piece of work. */
interface Job {
  readonly bytes: Buffer;
  readonly coding: ContentCoding;
  readonly done: (result: Buffer | undefined) => void;
}

/**
 * Compresses whole files in other threads, so that the event loop goes on. zlib works in steps of 16 KiB of output, each
 * a turn of its own in the threads' queue: a large job does not keep others from reading.
 */
export class Compressor {
  readonly #waiting: Job[] = [];
  #running = 0;
  #pendingBytes = 0;

  /** Bytes of jobs that are not done. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Whether a job of that many bytes would be taken; one alone always is. */
  hasRoomFor(length: number): boolean {
    return this.#pendingBytes === 0 || this.#pendingBytes + length <= MOST_PENDING;
  }

  /**
   * The bytes in a coding; undefined when that fails. They are read until it is done, so they must not change. Ask
   * `hasRoomFor` first.
   */
  compress(bytes: Buffer, coding: ContentCoding): Promise<Buffer | undefined> {
    this.#pendingBytes += bytes.length;
    return new Promise((done) => {
      this.#waiting.push({ bytes, coding, done });
      this.#proceed();
    });
  }

  #proceed(): void {
    if (this.#running === MOST_RUNNING) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#running++;
    const { bytes, coding, done } = job;
    encode(bytes, coding, (error, result) => {
      this.#running--;
      this.#pendingBytes -= bytes.length;
      done(error === null ? result : undefined);
      this.#proceed();
    });
  }
}

/**
 * Levels at which 64 KiB of script take some 2 ms in any of the codings, measured on Node 24; the next ones take several
 * times as long for one or two hundredths.
 */
const GZIP_LEVEL = 6;
const BROTLI_QUALITY = 5;
const ZSTD_LEVEL = 9;

function encode(
  bytes: Buffer,
  coding: ContentCoding,
  done: (error: Error | null, result: Buffer) => void,
): void {
  switch (coding) {
    case 'gzip':
      gzip(bytes, { level: GZIP_LEVEL }, done);
      break;
    case 'br': {
      const params = {
        [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      };
      brotliCompress(bytes, { params }, done);
      break;
    }
    case 'zstd': {
      // Its window of 4 MiB at this level is one that every client has (RFC 9659 §3).
      const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL };
      zstdCompress(bytes, { params, pledgedSrcSize: bytes.length }, done);
    }
  }
}

/** The one compressor of this thread. */
export const compressor = new Compressor();
