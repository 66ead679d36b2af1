import { Buffer } from 'node:buffer';
import type { Transport } from '../net/transport.ts';
import { PendingInput } from './pending-input.ts';

const NO_BYTES = Buffer.alloc(0);

/** Who works through what a connection receives. */
export interface InputReader {
  /** Read `input.bytes` from `input.position` to `input.end`, as far as it goes now, and move `position` on. */
  read(): void;
  /** `read` has returned. True: the rest is kept for later. False: it is dropped. */
  afterRead(): boolean;
}

/**
 * What a connection has received and not used yet. Mostly that is nothing, and the reader works in the lent buffer
 * itself; what it leaves is copied, and comes again in front of what follows.
 */
export class ConnectionInput {
  bytes: Buffer = NO_BYTES;
  position = 0;
  end = 0;
  /** The reader is at work, further up the stack: it will see what has changed. */
  busy = false;
  /** Made when something is first left over: most connections never need one. */
  #pending: PendingInput | undefined = undefined;
  readonly #reader: InputReader;
  readonly #transport: Transport;
  #paused = false;

  constructor(reader: InputReader, transport: Transport) {
    this.#reader = reader;
    this.#transport = transport;
  }

  /** Bytes that have come and are not used yet. */
  get waiting(): number {
    return this.busy ? this.end - this.position : (this.#pending?.length ?? 0);
  }

  /** From the transport: `bytes[0..length)`, lent. */
  receive(bytes: Buffer, length: number): void {
    const pending = this.#pending;
    if (pending === undefined || pending.length === 0) {
      this.#work(bytes, 0, length);
      return;
    }
    pending.append(bytes, length);
    this.#work(pending.buffer, pending.start, pending.end);
  }

  /** The reader can go on: with what waits, then with what comes. */
  resume(): void {
    if (this.busy) return;
    if (this.#paused) {
      this.#paused = false;
      this.#transport.resume();
    }
    const pending = this.#pending;
    if (pending !== undefined && pending.length > 0) this.#work(pending.buffer, pending.start, pending.end);
  }

  /** The reader can take no more for now. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#transport.pause();
  }

  #work(bytes: Buffer, start: number, end: number): void {
    this.busy = true;
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.#reader.read();
    this.busy = false;
    this.bytes = NO_BYTES;
    const left = this.#reader.afterRead() && this.position < this.end;
    if (left) (this.#pending ??= new PendingInput()).keep(bytes, this.position, this.end);
    else this.#pending?.clear();
  }
}
