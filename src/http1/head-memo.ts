import { Buffer } from 'node:buffer';
import { sharedReadBuffer, sharedReadDoubles } from '../core/read-buffer.ts';
import { LF } from './chars.ts';

/** After so many heads in a row that were others than the last, … */
const PATIENCE = 4;
/** … only every so manieth is remembered. A power of two. */
const REST = 16;

/** Up to this length eight bytes at a time are compared sooner here than by a call into native code. */
const SHORT = 256;

/** Longer heads are not remembered: the copy would cost more than it saves. */
const LONGEST = 2048;

/**
 * The last head that was parsed, and what came of it. Clients of an API, health checks and upstreams send the very same
 * bytes again and again; one comparison in native code then stands for parsing them. A head is remembered whole, up
 * to and with its empty line, so equal bytes mean an equal outcome.
 *
 * Where they do not come again, as from many browsers, it rests: copying and comparing in vain costs a tenth of a parse.
 */
export class HeadMemo<T> {
  readonly #bytes: Buffer = Buffer.allocUnsafeSlow(LONGEST);
  readonly #doubles = new Float64Array(this.#bytes.buffer, 0, SHORT / 8);
  #length = 0;
  #value: T | undefined = undefined;
  /** Heads since the last one that was recalled. */
  #misses = 0;
  /** What `remember` was told beside the value. */
  seen = 0;

  /** What was made of these bytes when they came last; undefined when `bytes[base..]` begins with others. */
  recall(bytes: Buffer, base: number, end: number): T | undefined {
    const length = this.#length;
    if (length === 0 || end - base < length) return undefined;
    // Heads that differ mostly do so here, at the path or at a date, or in their length.
    if (bytes[base + length - 1] !== LF || bytes[base + (length >> 1)] !== this.#bytes[length >> 1])
      return undefined;
    const isShort = length <= SHORT && bytes === sharedReadBuffer && (base & 7) === 0;
    if (isShort ? !this.#isNext(base) : this.#bytes.compare(bytes, base, base + length, 0, length) !== 0)
      return undefined;
    this.#misses = 0;
    return this.#value;
  }

  /**
   * Whether the buffer that connections share goes on like that. As numbers different bytes could be equal (0 and -0), but
   * not to those of a head, which has no NUL; and what is no number is not equal to itself, so that it is parsed again.
   */
  #isNext(base: number): boolean {
    const length = this.#length;
    const doubles = this.#doubles;
    const from = base >> 3;
    const whole = length >> 3;
    for (let i = 0; i < whole; i++) if (doubles[i] !== sharedReadDoubles[from + i]) return false;
    for (let i = whole << 3; i < length; i++) if (this.#bytes[i] !== sharedReadBuffer[base + i]) return false;
    return true;
  }

  /** `bytes[base..after)` is a whole head, and this came of it. */
  remember(bytes: Buffer, base: number, after: number, value: T, seen: number): void {
    const length = after - base;
    const rests = this.#misses++ >= PATIENCE && (this.#misses & (REST - 1)) !== 0;
    if (rests || length > LONGEST) {
      this.#length = 0;
      this.#value = undefined;
      return;
    }
    this.#length = length;
    this.#value = value;
    this.seen = seen;
    bytes.copy(this.#bytes, 0, base, after);
  }

  /** Length of the head that is remembered. */
  get length(): number {
    return this.#length;
  }
}
