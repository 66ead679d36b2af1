import { close, open, read, unlink, write } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { DreamError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { takeReadBuffer } from '../../core/read-buffer.ts';
import type { BodySink, BodySource } from '../../http/body.ts';
import type { ReadonlyHeaderList } from '../../http/header-list.ts';

/** Bytes of a body that are kept in memory; a longer one goes to a temporary file. */
export const MEMORY_LIMIT = 64 * 1024;

/** Who wants a body whole: exactly one of the two calls. */
export interface BodyTaker {
  /** All of it is here, and its length is known. */
  collected(body: BodySource): void;
  failed(code: ErrorCode): void;
}

/**
 * Read a body to its end before anything of it is passed on, so that its length can be told: an application behind
 * WSGI reads nothing of a body without Content-Length. Small bodies stay in memory, others go to a file that has no
 * name any more as soon as it is open, so that nothing is left behind however the process ends. The connection's own
 * limit on bodies (`limits.bodyBytes`) bounds both.
 */
export function collectBody(source: BodySource, taker: BodyTaker): void {
  source.flow(new Collector(source, taker));
}

class Collector implements BodySink {
  readonly #source: BodySource;
  readonly #taker: BodyTaker;
  #chunks: Buffer[] = [];
  #size = 0;
  #file: number | undefined = undefined;
  #written = 0;
  #busy = false;
  #ended = false;
  #settled = false;

  constructor(source: BodySource, taker: BodyTaker) {
    this.#source = source;
    this.#taker = taker;
  }

  data(chunk: Buffer): boolean {
    this.#size += chunk.length;
    this.#chunks.push(Buffer.from(chunk));
    if (this.#size <= MEMORY_LIMIT) return true;
    this.#spill();
    return false;
  }

  end(): void {
    this.#ended = true;
    if (!this.#busy) this.#finish();
  }

  fail(error: DreamError): void {
    this.#giveUp(error.code);
  }

  /** Write what is in memory to the file, then ask for more. */
  #spill(): void {
    this.#busy = true;
    if (this.#file !== undefined) {
      this.#writeNext(Buffer.concat(this.#chunks.splice(0)));
      return;
    }
    const path = join(tmpdir(), `dreamserver-${randomUUID()}`);
    open(path, 'wx+', 0o600, (error, file) => {
      if (error !== null) return this.#giveUp('proxy.body-store-failed');
      unlink(path, () => {});
      this.#file = file;
      if (this.#settled) return this.#close();
      this.#writeNext(Buffer.concat(this.#chunks.splice(0)));
    });
  }

  #writeNext(bytes: Buffer): void {
    write(this.#file as number, bytes, 0, bytes.length, this.#written, (error, count) => {
      if (this.#settled) return this.#close();
      if (error !== null) {
        this.#busy = false;
        return this.#giveUp('proxy.body-store-failed');
      }
      this.#written += count;
      if (count < bytes.length) return this.#writeNext(bytes.subarray(count));
      this.#busy = false;
      if (this.#ended) this.#finish();
      else this.#source.resume();
    });
  }

  #finish(): void {
    if (this.#settled) return;
    this.#settled = true;
    const { trailers } = this.#source;
    const body =
      this.#file === undefined
        ? new MemoryBody(Buffer.concat(this.#chunks, this.#size), trailers)
        : new FileBody(this.#file, this.#size, trailers);
    this.#taker.collected(body);
  }

  #giveUp(code: ErrorCode): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#source.cancel();
    if (!this.#busy) this.#close();
    this.#taker.failed(code);
  }

  #close(): void {
    if (this.#file !== undefined) close(this.#file, () => {});
    this.#file = undefined;
  }
}

/** A collected body that stayed in memory. */
class MemoryBody implements BodySource {
  readonly replayable = true;
  readonly length: number;
  readonly trailers: ReadonlyHeaderList | undefined;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, trailers: ReadonlyHeaderList | undefined) {
    this.#bytes = bytes;
    this.length = bytes.length;
    this.trailers = trailers;
  }

  flow(sink: BodySink): void {
    if (this.length > 0) sink.data(this.#bytes);
    sink.end();
  }

  resume(): void {}

  cancel(): void {}
}

/** A collected body in its file; the file goes with it. */
class FileBody implements BodySource {
  readonly length: number;
  readonly trailers: ReadonlyHeaderList | undefined;
  #file: number | undefined;
  #sink: BodySink | undefined = undefined;
  #position = 0;
  #reading = false;
  readonly #buffer = takeReadBuffer();

  constructor(file: number, length: number, trailers: ReadonlyHeaderList | undefined) {
    this.#file = file;
    this.length = length;
    this.trailers = trailers;
  }

  flow(sink: BodySink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    if (this.#file === undefined || this.#reading) return;
    this.#reading = true;
    read(this.#file, this.#buffer, 0, this.#buffer.length, this.#position, (error, count) => {
      this.#reading = false;
      const sink = this.#sink;
      if (sink === undefined) return this.cancel();
      if (error !== null || count === 0) {
        this.cancel();
        sink.fail(new DreamError('proxy.body-store-failed'));
        return;
      }
      this.#position += count;
      const taken = sink.data(this.#buffer.subarray(0, count));
      if (this.#position === this.length) {
        this.cancel();
        sink.end();
      } else if (taken) {
        this.resume();
      }
    });
  }

  cancel(): void {
    this.#sink = undefined;
    if (this.#reading || this.#file === undefined) return;
    close(this.#file, () => {});
    this.#file = undefined;
  }
}
