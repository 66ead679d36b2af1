import {
  READ_BUFFER_SIZE,
  giveReadBuffer,
  sharedReadBuffer,
  takeReadBuffer,
} from '../../src/core/read-buffer.ts';
import type { Transport, TransportEvents } from '../../src/net/transport.ts';

/** What a lent buffer is overwritten with: whoever kept a part of it reads this. */
const BLOT = 0xaa;

/**
 * A transport without a socket that is looked at for how bytes are lent: it has buffers as the one over sockets does
 * (ADR 0004), and blots out what it has lent as soon as the loan is over. What a test hands to `receive` arrives within
 * that call, so that a hundred thousand exchanges take seconds; `MemoryTransport` is for the order in which things happen.
 */
export class LendingTransport implements Transport {
  readonly peer = { address: '203.0.113.7', port: 1, secure: false };
  /** Everything that was sent, one character a byte; nothing of it where it is to be forgotten. */
  sent = '';
  forgets = false;
  state: 'open' | 'ended' | 'destroyed' | 'reset' = 'open';
  pending = 0;
  unsent = 0;
  /** Called with each piece that is sent. */
  onWrite: (text: string) => void = () => {};
  readonly #events: TransportEvents;
  readonly #queue: (Buffer | 'end')[] = [];
  #own: Buffer | undefined = undefined;
  /** What the next read goes into, and the one after it. */
  #current: Buffer = sharedReadBuffer;
  #next: Buffer = sharedReadBuffer;
  /** Given up while somebody still holds a part of it. */
  #lent: Buffer | undefined = undefined;
  /** Bytes of the own buffer that the last read has filled. */
  #used = 0;
  #paused = false;
  #reading = false;
  #isClosed = false;

  /** `ownBuffer`: reads go into a buffer of its own from the start, as those of connections to servers do. */
  constructor(events: TransportEvents, ownBuffer: boolean) {
    this.#events = events;
    if (ownBuffer) this.#current = this.holdBuffer();
  }

  /** Whether what arrives has to wait. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Bytes arrive, in reads of this size at the most; once it is resumed, where it is paused. */
  receive(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += READ_BUFFER_SIZE) {
      this.#queue.push(bytes.subarray(at, at + READ_BUFFER_SIZE));
    }
    this.deliver();
  }

  /** The other side says that no more will come. */
  receiveEnd(): void {
    this.#queue.push('end');
    this.deliver();
  }

  /** Hand on what has arrived, as far as it is wanted. */
  deliver(): void {
    if (this.#reading) return;
    this.#reading = true;
    while (!this.#paused && !this.#gone && this.#queue.length > 0) {
      const arrived = this.#queue.shift();
      if (arrived === 'end') this.#events.ended();
      else if (arrived !== undefined) this.#read(arrived);
    }
    this.#reading = false;
    if (this.#gone && !this.#isClosed) {
      this.#isClosed = true;
      this.#events.closed(undefined);
      if (this.#own !== undefined && !this.#paused) giveReadBuffer(this.#own);
      this.#own = undefined;
    }
  }

  // ---- Transport

  write(data: string | Buffer): boolean {
    if (this.state !== 'open') throw new Error(`written after the connection is ${this.state}`);
    const text = typeof data === 'string' ? data : data.toString('latin1');
    if (!this.forgets) this.sent += text;
    this.onWrite(text);
    return true;
  }

  writeBoth(head: string, data: Buffer, tail: string): boolean {
    return this.write(head + data.toString('latin1') + tail);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  holdBuffer(): Buffer {
    const own = (this.#own ??= takeReadBuffer());
    this.#next = own;
    return own;
  }

  releaseBuffer(lent: boolean): void {
    if (lent) this.#lent = this.#own;
    this.#own = undefined;
    this.#next = sharedReadBuffer;
  }

  replaceBuffer(): void {
    this.releaseBuffer(true);
    this.holdBuffer();
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended';
  }

  destroy(): void {
    this.#close('destroyed');
  }

  reset(): void {
    this.#close('reset');
  }

  get #gone(): boolean {
    return this.state === 'destroyed' || this.state === 'reset';
  }

  #read(bytes: Buffer): void {
    const buffer = this.#current;
    if (buffer !== sharedReadBuffer) buffer.fill(BLOT, 0, this.#used);
    bytes.copy(buffer);
    this.#events.data(buffer, bytes.length);
    // Of what is not shared, somebody may still hold a part: where this connection is paused, or has given it up.
    const held = buffer !== sharedReadBuffer && (this.#paused || buffer === this.#lent);
    if (!held) buffer.fill(BLOT, 0, bytes.length);
    this.#used = bytes.length;
    this.#current = this.#next;
  }

  /** Once; `closed` is told when what is being read has been worked through. */
  #close(state: 'destroyed' | 'reset'): void {
    if (this.#gone) return;
    this.state = state;
    this.#queue.length = 0;
    this.deliver();
  }
}

/** The other side takes nothing: what is written stays lent. */
export class StalledTransport extends LendingTransport {
  readonly lent: Buffer[] = [];

  override write(data: string | Buffer): boolean {
    super.write(data);
    if (Buffer.isBuffer(data)) this.lent.push(data);
    this.pending += data.length;
    this.unsent = this.pending;
    return false;
  }
}
