import { Buffer } from 'node:buffer';

/**
 * What node:tls hands on although reading is paused: it decrypts all records of a read at once and tells of each, whatever
 * has been said meanwhile. Whoever has paused may hold the buffer that the last one lies in, and wants no more. So these
 * are read into another buffer and kept here, as copies; there are no more than one read of the system brings.
 */
export class Burst {
  paused = false;
  /** The end came among them. */
  ended = false;
  #chunks: Buffer[] = [];

  /** Keep `bytes[0..length)`. */
  add(bytes: Buffer, length: number): void {
    this.#chunks.push(Buffer.from(bytes.subarray(0, length)));
  }

  /** The next piece, unless reading has been paused again. It is the taker's. */
  take(): Buffer | undefined {
    return this.paused ? undefined : this.#chunks.shift();
  }

  /** Whether the end is next. */
  takeEnd(): boolean {
    if (this.paused || !this.ended) return false;
    this.ended = false;
    return true;
  }
}
