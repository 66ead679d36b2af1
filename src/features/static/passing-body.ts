import { writeBefore } from '../../core/latin1.ts';
import type { BodySink, BodySource, HeadPieces } from '../../http/body.ts';
import { readBuffers } from './read-buffers.ts';

/**
 * Bytes of a small file, read for one answer and kept by nobody, lent in one piece. The buffer is used again when they have
 * been taken.
 *
 *     idle ──flow──▶ lent ──taken, or resume──▶ done            cancel: from anywhere to done
 */
export class PassingBody implements BodySource {
  readonly length: number;
  readonly trailers = undefined;
  /** From `readBuffers.takeSmall`; the body's until it has ended. */
  readonly #buffer: Buffer;
  readonly #start: number;
  #state: 'idle' | 'lent' | 'done' = 'idle';
  #sink: BodySink | undefined = undefined;

  /** The `length` bytes of `buffer` from `start` on; what lies before them is room for a head. */
  constructor(buffer: Buffer, start: number, length: number) {
    this.#buffer = buffer;
    this.#start = start;
    this.length = length;
  }

  flow(sink: BodySink): void {
    if (this.#state !== 'idle') return;
    this.#sink = sink;
    // Before the sink is asked, for it may cancel or resume inside of the call.
    this.#state = 'lent';
    if (sink.data(this.#from(this.#start))) this.resume();
  }

  flowBehind(head: HeadPieces, sink: BodySink): Buffer | undefined {
    const begin = this.#state === 'idle' ? writeBefore(this.#buffer, head, this.#start, 0) : -1;
    if (begin === -1) return undefined;
    this.#sink = sink;
    this.#state = 'lent';
    return this.#from(begin);
  }

  resume(): void {
    if (this.#state !== 'lent') return;
    this.#state = 'done';
    readBuffers.release(this.#buffer);
    this.#sink?.end();
  }

  cancel(letGo = false): void {
    const state = this.#state;
    this.#state = 'done';
    this.#sink = undefined;
    if (state === 'idle' || (state === 'lent' && letGo)) readBuffers.release(this.#buffer);
    // A write to a dying connection may still look at it.
    else if (state === 'lent') readBuffers.forget(this.#buffer);
  }

  #from(begin: number): Buffer {
    return this.#buffer.subarray(begin, this.#start + this.length);
  }
}
