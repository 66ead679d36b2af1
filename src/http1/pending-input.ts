import { Buffer } from 'node:buffer';

const EMPTY = Buffer.alloc(0);

/** The smallest buffer that is made: most of what waits is the beginning of one head. */
const SMALLEST = 1024;

/**
 * Bytes that a connection has read and not used yet, in memory of their own. Bytes that were handed out stay as
 * they are: what is added goes behind them or into another buffer.
 */
export class PendingInput {
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  append(bytes: Buffer, length: number): void {
    this.#reserve(length);
    bytes.copy(this.buffer, this.end, 0, length);
    this.end += length;
  }

  /** `bytes[from..to)` is what is left: of our own buffer, or of one that was lent to us. */
  keep(bytes: Buffer, from: number, to: number): void {
    if (from === to) {
      this.clear();
    } else if (bytes === this.buffer) {
      this.start = from;
      // More than what was worked on may have been added in the meantime, behind `to`.
    } else {
      this.clear();
      this.#reserve(to - from);
      bytes.copy(this.buffer, 0, from, to);
      this.end = to - from;
    }
  }

  clear(): void {
    this.buffer = EMPTY;
    this.start = this.end = 0;
  }

  #reserve(length: number): void {
    if (this.buffer.length - this.end >= length) return;
    const used = this.length;
    const larger = Buffer.allocUnsafeSlow(Math.max(SMALLEST, 2 * (used + length)));
    this.buffer.copy(larger, 0, this.start, this.end);
    this.buffer = larger;
    this.start = 0;
    this.end = used;
  }
}
