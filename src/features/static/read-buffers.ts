import { Buffer } from 'node:buffer';
import { HEAD_ROOM } from './record-layout.ts';

/**
 * How much is read in one step while that many bytes are out. Big steps cost less: a step is a trip to another
 * thread and a system call, some 25 µs, in which 256 KiB are copied. But a slow client holds its buffer until it
 * has taken the last byte, so the more of them are held, the smaller they get: ten thousand slow clients hold about 700 MB,
 * not 10 GB. The bounds are for all threads together; of each, a thread has its share.
 */
const STEPS: readonly { readonly below: number; readonly size: number }[] = [
  { below: 16 * 2 ** 20, size: 2 ** 20 },
  { below: 64 * 2 ** 20, size: 2 ** 18 },
  { below: Infinity, size: 2 ** 16 },
];

/** Streams read ahead while no more bytes than this are out: it is for those who keep pace, and slow clients do not. */
const READ_AHEAD_BELOW = STEPS[0].below;

/** A small file that is read for one answer has a buffer of this size, with its head, which the next one uses again … */
const SMALL = 2 ** 17 + HEAD_ROOM;
/** … while not more bytes than this are out; and then one of its own size. */
const SMALL_BELOW = 2 ** 20;

/** Buffers kept for the next step; more than a few would be read at the same time by no one. */
const MAX_IDLE = 4;

/**
 * The buffers into which this thread reads files. A stream has one while it reads, and one
 * while its sink has not let go of the chunk, so that streams whose clients keep pace share a few, which stay in the processor's cache.
 */
export class ReadBuffers {
  readonly #idle: Buffer[] = [];
  readonly #idleSmall: Buffer[] = [];
  /** Which share of the bounds is this thread's. */
  #threads = 1;
  #bytesOut = 0;

  /** Bytes that are lent at the moment. */
  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** The bounds are for so many threads together. */
  shareAmong(threads: number): void {
    this.#threads = threads;
  }

  /** Whether a stream may hold a second buffer. */
  get plenty(): boolean {
    return this.#isBelow(READ_AHEAD_BELOW);
  }

  /**
   * A buffer for the next step of a stream that has `remaining` bytes to go. It comes back through `release`, or is
   * given up through `forget`.
   */
  take(remaining: number): Buffer {
    const step = this.#step();
    const buffer = remaining > step / 2 ? this.#reuse(step) : Buffer.allocUnsafeSlow(remaining);
    this.#bytesOut += buffer.length;
    return buffer;
  }

  /** A buffer for `length` bytes: a file's, 128 KiB at the most, and the head's before it. It comes back like the others. */
  takeSmall(length: number): Buffer {
    const buffer = this.#isBelow(SMALL_BELOW)
      ? (this.#idleSmall.pop() ?? Buffer.allocUnsafeSlow(SMALL))
      : Buffer.allocUnsafeSlow(length);
    this.#bytesOut += buffer.length;
    return buffer;
  }

  /** Nobody looks at the buffer any more: the next stream may have it. */
  release(buffer: Buffer): void {
    this.#bytesOut -= buffer.length;
    if (buffer.length === SMALL) {
      if (this.#idleSmall.length < MAX_IDLE) this.#idleSmall.push(buffer);
    } else if (this.#idle.length < MAX_IDLE && buffer.length === this.#step()) this.#idle.push(buffer);
  }

  /** The stream has ended, but somebody may still look at the buffer, such as a write to a dying socket. */
  forget(buffer: Buffer): void {
    this.#bytesOut -= buffer.length;
  }

  #reuse(size: number): Buffer {
    const buffer = this.#idle.pop();
    return buffer !== undefined && buffer.length === size ? buffer : Buffer.allocUnsafeSlow(size);
  }

  #isBelow(bytes: number): boolean {
    return this.#bytesOut * this.#threads < bytes;
  }

  #step(): number {
    let i = 0;
    while (!this.#isBelow((STEPS[i] as { below: number }).below)) i++;
    return (STEPS[i] as { size: number }).size;
  }
}

/** The one set of buffers of this thread. */
export const readBuffers = new ReadBuffers();
