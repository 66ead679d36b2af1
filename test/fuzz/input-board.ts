import type { Input } from './input.ts';

const MOST_BYTES = 8192;
/** Numbers in front of the bytes: inputs so far, whether the present one is an answer, its length. */
const NUMBERS = 3;

/**
 * Memory that two threads share, in which the one writes what it is about to examine: should it never come back, the
 * other can say with which input.
 */
export class InputBoard {
  readonly buffer: SharedArrayBuffer;
  readonly #numbers: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(NUMBERS * Int32Array.BYTES_PER_ELEMENT + MOST_BYTES)) {
    this.buffer = buffer;
    this.#numbers = new Int32Array(buffer, 0, NUMBERS);
    this.#bytes = new Uint8Array(buffer, this.#numbers.byteLength);
  }

  /** Inputs so far. */
  get count(): number {
    return Atomics.load(this.#numbers, 0);
  }

  write({ kind, bytes }: Input): void {
    const part = bytes.subarray(0, MOST_BYTES);
    this.#bytes.set(part);
    Atomics.store(this.#numbers, 1, kind === 'response' ? 1 : 0);
    Atomics.store(this.#numbers, 2, part.length);
    Atomics.add(this.#numbers, 0, 1);
  }

  read(): Input {
    const length = Atomics.load(this.#numbers, 2);
    const kind = Atomics.load(this.#numbers, 1) === 1 ? 'response' : 'request';
    return { kind, bytes: Buffer.from(this.#bytes.slice(0, length)) };
  }
}
