import { LF } from './chars.ts';

/** Longer heads are not remembered: the copy would cost more than it saves. */
const LONGEST = 2048;

/**
 * The last head that was parsed, and what came of it. Clients of an API, health checks and upstreams send the very same
 * bytes again and again; one comparison in native code then stands for parsing them. A head is remembered whole, up
 * to and with its empty line, so equal bytes mean an equal outcome.
 */
export class HeadMemo<T> {
  readonly #bytes: Buffer = Buffer.allocUnsafeSlow(LONGEST);
  #length = 0;
  #value: T | undefined = undefined;

  /** What was made of these bytes when they came last; undefined when `bytes[base..]` begins with others. */
  recall(bytes: Buffer, base: number, end: number): T | undefined {
    const length = this.#length;
    if (length === 0 || end - base < length) return undefined;
    // Heads that differ mostly do so here, at the path or at a date, or in their length.
    if (bytes[base + length - 1] !== LF || bytes[base + (length >> 1)] !== this.#bytes[length >> 1])
      return undefined;
    return this.#bytes.compare(bytes, base, base + length, 0, length) === 0 ? this.#value : undefined;
  }

  /** `bytes[base..after)` is a whole head, and this came of it. */
  remember(bytes: Buffer, base: number, after: number, value: T): void {
    const length = after - base;
    this.#length = length <= LONGEST ? length : 0;
    this.#value = value;
    if (length <= LONGEST) bytes.copy(this.#bytes, 0, base, after);
  }

  /** Length of the head that is remembered. */
  get length(): number {
    return this.#length;
  }
}
