import { closeSync, read } from 'node:fs';
import { DreamError } from '../../core/errors.ts';
import type { BodySink, BodySource } from '../../http/body.ts';
import { readBuffers } from './read-buffers.ts';
import { unreadable } from './site-root.ts';

/**
 * Part of an open file as a body. It owns the descriptor, and closes it when the last byte has been read, when
 * reading fails, or when it is cancelled. Exactly `length` bytes come, or the body fails: a file that has become
 * shorter is never padded or cut.
 *
 * Two halves hand buffers on: one reads, the other has its chunk lent to the sink. While the thread has few bytes out,
 * the next step is read meanwhile, one and no more.
 *
 *     reads   idle ──▶ reading ──▶ full ─┐ when nothing is lent
 *               ▲────────────────────────┤
 *     sends   waiting ◀──chunk taken── lent                       cancel, failure, the end: from anywhere to done
 */
export class FileBody implements BodySource {
  readonly length: number;
  readonly trailers = undefined;
  #reads: 'idle' | 'reading' | 'full' | 'done' = 'idle';
  #sends: 'waiting' | 'lent' | 'done' = 'waiting';
  /** -1 once closed. */
  #fd: number;
  readonly #closeFile: (fd: number) => void;
  #position: number;
  /** Bytes to be read. */
  #remaining: number;
  #sink: BodySink | undefined = undefined;
  /** Being read into, or full. */
  #next: Buffer | undefined = undefined;
  #nextLength = 0;
  #lent: Buffer | undefined = undefined;

  /** The bytes of `fd` from `start` on. `closeFile`: what is done with it where it is not for this body to close it. */
  constructor(fd: number, start: number, length: number, closeFile: (fd: number) => void = closeSync) {
    this.#fd = fd;
    this.#closeFile = closeFile;
    this.#position = start;
    this.#remaining = length;
    this.length = length;
  }

  flow(sink: BodySink): void {
    if (this.#sink !== undefined || this.#sends === 'done') return;
    this.#sink = sink;
    this.#proceed();
  }

  resume(): void {
    if (this.#sends !== 'lent') return;
    readBuffers.release(this.#lent as Buffer);
    this.#lent = undefined;
    this.#sends = 'waiting';
    this.#proceed();
  }

  cancel(): void {
    if (this.#sends !== 'done') this.#finish();
  }

  /** Nothing is lent: hand on what is there, or see that something comes. */
  #proceed(): void {
    if (this.#reads === 'full') this.#send();
    else if (this.#remaining > 0) this.#read();
    else if (this.#reads === 'idle') this.#finish()?.end();
  }

  #read(): void {
    if (this.#reads !== 'idle') return;
    this.#reads = 'reading';
    const buffer = readBuffers.take(this.#remaining);
    this.#next = buffer;
    read(this.#fd, buffer, 0, Math.min(buffer.length, this.#remaining), this.#position, this.#onRead);
  }

  readonly #onRead = (error: Error | null, bytesRead: number): void => {
    if (this.#sends === 'done') {
      readBuffers.release(this.#next as Buffer);
      this.#close();
      return;
    }
    this.#reads = 'full';
    if (error !== null) {
      this.#finish()?.fail(unreadable(error));
      return;
    }
    if (bytesRead === 0) {
      this.#finish()?.fail(new DreamError('static.file-changed'));
      return;
    }
    this.#nextLength = bytesRead;
    this.#remaining -= bytesRead;
    this.#position += bytesRead;
    if (this.#remaining === 0) this.#close();
    if (this.#sends === 'waiting') this.#send();
  };

  #send(): void {
    const buffer = this.#next as Buffer;
    const length = this.#nextLength;
    this.#next = undefined;
    this.#reads = 'idle';
    this.#lent = buffer;
    // Before the sink is asked, for it may cancel or resume inside of the call.
    this.#sends = 'lent';
    if (this.#remaining > 0 && readBuffers.plenty) this.#read();
    const taken = this.#sink?.data(length === buffer.length ? buffer : buffer.subarray(0, length));
    if (taken === true) this.resume();
  }

  /** No more of it; gives the sink its last call. */
  #finish(): BodySink | undefined {
    const sink = this.#sink;
    const isReading = this.#reads === 'reading';
    this.#sends = 'done';
    this.#sink = undefined;
    // A write to a dying connection may still look at it.
    if (this.#lent !== undefined) readBuffers.forget(this.#lent);
    this.#lent = undefined;
    // A read on its way ends first: descriptor and buffer are still in use in another thread.
    if (isReading) return sink;
    this.#reads = 'done';
    if (this.#next !== undefined) readBuffers.release(this.#next);
    this.#next = undefined;
    this.#close();
    return sink;
  }

  #close(): void {
    if (this.#fd === -1) return;
    this.#closeFile(this.#fd);
    this.#fd = -1;
  }
}
