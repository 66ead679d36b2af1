import { closeSync, read } from 'node:fs';
import { DreamError } from '../../core/errors.ts';
import type { BodySink, BodySource } from '../../http/body.ts';
import { readBuffers } from './read-buffers.ts';

/**
 * Part of an open file as a body. It owns the descriptor, and closes it when the last byte has been read, when
 * reading fails, or when it is cancelled. Exactly `length` bytes come, or the body fails: a file that has become
 * shorter is never padded or cut.
 *
 *     idle ──flow──▶ reading ──chunk taken──▶ reading … ──▶ done
 *                      ▲  └──chunk refused──▶ stalled
 *                      └───────resume───────────┘            cancel: from anywhere to done
 */
export class FileBody implements BodySource {
  readonly length: number;
  readonly trailers = undefined;
  #state: 'idle' | 'reading' | 'stalled' | 'done' = 'idle';
  /** -1 once closed. */
  #fd: number;
  #position: number;
  #remaining: number;
  #sink: BodySink | undefined = undefined;
  /** Lent to the sink, or being read into. */
  #buffer: Buffer | undefined = undefined;

  /** The bytes of `fd` from `start` on. */
  constructor(fd: number, start: number, length: number) {
    this.#fd = fd;
    this.#position = start;
    this.#remaining = length;
    this.length = length;
  }

  flow(sink: BodySink): void {
    if (this.#state !== 'idle') return;
    this.#sink = sink;
    this.#proceed();
  }

  resume(): void {
    if (this.#state !== 'stalled') return;
    this.#release();
    this.#proceed();
  }

  cancel(): void {
    if (this.#state === 'done') return;
    const reading = this.#state === 'reading';
    this.#state = 'done';
    this.#sink = undefined;
    // A read on its way ends first: descriptor and buffer are still in use in another thread.
    if (reading) return;
    if (this.#buffer !== undefined) readBuffers.forget(this.#buffer);
    this.#buffer = undefined;
    this.#close();
  }

  #proceed(): void {
    if (this.#remaining === 0) {
      this.#finish()?.end();
      return;
    }
    this.#state = 'reading';
    const buffer = readBuffers.take(this.#remaining);
    this.#buffer = buffer;
    const wanted = Math.min(buffer.length, this.#remaining);
    read(this.#fd, buffer, 0, wanted, this.#position, this.#onRead);
  }

  readonly #onRead = (error: Error | null, bytesRead: number): void => {
    if (this.#state !== 'reading') {
      this.#close();
      return;
    }
    if (error !== null) {
      this.#finish()?.fail(new DreamError('static.unreadable', undefined, { cause: error }));
      return;
    }
    if (bytesRead === 0) {
      this.#finish()?.fail(new DreamError('static.file-changed'));
      return;
    }
    this.#remaining -= bytesRead;
    this.#position += bytesRead;
    this.#offer(bytesRead);
  };

  #offer(bytesRead: number): void {
    const buffer = this.#buffer as Buffer;
    // Before the sink is asked, for it may cancel or resume inside of the call.
    this.#state = 'stalled';
    const taken = this.#sink?.data(bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead));
    if (taken === true) this.resume();
  }

  /** No more reading; gives the sink its last call. */
  #finish(): BodySink | undefined {
    const sink = this.#sink;
    this.#state = 'done';
    this.#sink = undefined;
    this.#close();
    return sink;
  }

  #close(): void {
    this.#release();
    if (this.#fd === -1) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #release(): void {
    if (this.#buffer === undefined) return;
    readBuffers.release(this.#buffer);
    this.#buffer = undefined;
  }
}
