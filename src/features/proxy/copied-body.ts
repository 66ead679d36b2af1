import { Buffer } from 'node:buffer';
import type { DreamError } from '../../core/errors.ts';
import type { BodySource } from '../../http/body.ts';
import { RelayedBody } from '../../http/relayed-body.ts';

/** Bytes that may be held, by many together. */
export class ByteBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get held(): number {
    return this.#held;
  }

  /** Take so many more; false when there are not as many left, and then none is taken. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#limit) return false;
    this.#held += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#held -= bytes;
  }
}

/** Who wants the copy of a body: at most one of the two calls, and none where the body itself comes to no end. */
export interface CopyTaker {
  /** All of it has passed: `bytes` are its own now, and so are `taken` bytes of the budget. */
  copied(bytes: Buffer, taken: number): void;
  /** There is not to be one: the body is too long, or the budget is used up. */
  tooMuch(limit: 'maxBody' | 'memory'): void;
}

/** Room that a copy begins with; it doubles when it is full. */
const FIRST_ROOM = 4096;

/**
 * A body of which a copy is made while it passes to whom it is for, who has it as if nobody else wanted it: neither earlier
 * nor later, and paused by nobody but him.
 */
export class CopiedBody extends RelayedBody {
  readonly #taker: CopyTaker;
  readonly #longest: number;
  readonly #budget: ByteBudget;
  /** Undefined when there is no copy (any more). */
  #copy: Buffer | undefined = Buffer.alloc(0);
  #size = 0;

  /** `longest`: bytes of the longest body that is copied. */
  constructor(source: BodySource, longest: number, budget: ByteBudget, taker: CopyTaker) {
    super(source);
    this.#longest = longest;
    this.#budget = budget;
    this.#taker = taker;
  }

  override cancel(): void {
    this.#drop();
    super.cancel();
  }

  data(chunk: Buffer): boolean {
    if (this.#copy !== undefined) this.#add(this.#copy, chunk);
    return this.sink.data(chunk);
  }

  end(): void {
    const copy = this.#copy;
    this.#copy = undefined;
    this.sink.end();
    if (copy !== undefined) this.#taker.copied(copy.subarray(0, this.#size), copy.length);
  }

  override fail(error: DreamError): void {
    this.#drop();
    super.fail(error);
  }

  #add(copy: Buffer, chunk: Buffer): void {
    const size = this.#size + chunk.length;
    if (size > this.#longest) return this.#giveUp('maxBody');
    const grown = size <= copy.length ? copy : this.#grown(copy, size);
    if (grown === undefined) return this.#giveUp('memory');
    grown.set(chunk, this.#size);
    this.#copy = grown;
    this.#size = size;
  }

  /** The copy in a larger room, which holds `size` bytes; undefined where the budget has none. */
  #grown(copy: Buffer, size: number): Buffer | undefined {
    // No more than will be needed, where that is known.
    const most = this.length ?? this.#longest;
    const room = Math.max(size, Math.min(most, Math.max(FIRST_ROOM, copy.length * 2)));
    if (!this.#budget.take(room - copy.length)) return undefined;
    const grown = Buffer.allocUnsafeSlow(room);
    grown.set(copy.subarray(0, this.#size));
    return grown;
  }

  #giveUp(limit: 'maxBody' | 'memory'): void {
    this.#drop();
    this.#taker.tooMuch(limit);
  }

  #drop(): void {
    this.#budget.giveBack(this.#copy?.length ?? 0);
    this.#copy = undefined;
  }
}
