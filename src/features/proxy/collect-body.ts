import { Buffer } from 'node:buffer';
import type { DreamError } from '../../core/errors.ts';
import { takeReadBuffer } from '../../core/read-buffer.ts';
import type { BodySink, BodySource } from '../../http/body.ts';
import type { ReadonlyHeaderList } from '../../http/header-list.ts';
import { WholeBody } from '../../http/whole-body.ts';
import { bodyStoreFailed, TemporaryFile } from './temporary-file.ts';

/** Bytes of a body that are kept in memory; a longer one goes to a temporary file. */
export const MEMORY_LIMIT = 64 * 1024;

/** Who wants a body whole: exactly one of the two calls. */
export interface BodyTaker {
  /** All of it is here, and its length is known. */
  collected(body: BodySource): void;
  failed(error: DreamError): void;
}

/**
 * Read a body to its end before anything of it is passed on, so that its length can be told: an application behind
 * WSGI reads nothing of a body without Content-Length. Small bodies stay in memory, others go to a temporary file. The
 * connection's own limit on bodies (`limits.bodyBytes`) bounds both.
 */
export function collectBody(source: BodySource, taker: BodyTaker): void {
  source.flow(new Collector(source, taker));
}

class Collector implements BodySink {
  readonly #source: BodySource;
  readonly #taker: BodyTaker;
  #chunks: Buffer[] = [];
  #size = 0;
  #file: TemporaryFile | undefined = undefined;
  #written = 0;
  #writing = false;
  #ended = false;

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
    if (!this.#writing) this.#finish();
  }

  fail(error: DreamError): void {
    this.#giveUp(error);
  }

  /** Write what is in memory to the file, then ask for more. */
  #spill(): void {
    this.#file ??= new TemporaryFile();
    this.#writing = true;
    const bytes = Buffer.concat(this.#chunks.splice(0));
    this.#file.write(bytes, this.#written, (error) => {
      this.#writing = false;
      if (error !== undefined) return this.#giveUp(bodyStoreFailed(error));
      this.#written += bytes.length;
      if (this.#ended) this.#finish();
      else this.#source.resume();
    });
  }

  #finish(): void {
    const { trailers } = this.#source;
    const body =
      this.#file === undefined
        ? new WholeBody(Buffer.concat(this.#chunks, this.#size), trailers)
        : new FileBody(this.#file, this.#size, trailers);
    this.#taker.collected(body);
  }

  #giveUp(error: DreamError): void {
    this.#file?.close();
    this.#source.cancel();
    this.#taker.failed(error);
  }
}

/** A collected body in its file; the file goes with it. */
class FileBody implements BodySource {
  readonly length: number;
  readonly trailers: ReadonlyHeaderList | undefined;
  readonly #file: TemporaryFile;
  #sink: BodySink | undefined = undefined;
  #position = 0;
  #reading = false;
  readonly #buffer = takeReadBuffer();

  constructor(file: TemporaryFile, length: number, trailers: ReadonlyHeaderList | undefined) {
    this.#file = file;
    this.length = length;
    this.trailers = trailers;
  }

  flow(sink: BodySink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    if (this.#sink === undefined || this.#reading) return;
    this.#reading = true;
    this.#file.read(this.#buffer, this.#position, (error, count) => {
      this.#reading = false;
      const sink = this.#sink as BodySink;
      if (error !== undefined || count === 0) {
        this.cancel();
        sink.fail(bodyStoreFailed(error));
        return;
      }
      this.#position += count;
      const taken = sink.data(this.#buffer.subarray(0, count));
      if (this.#sink === undefined) return;
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
    this.#file.close();
  }
}
