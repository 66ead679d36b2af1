import { sharedReadBuffer, takeReadBuffer, giveReadBuffer } from '../../src/core/read-buffer.ts';
import type { Peer } from '../../src/core/peer.ts';
import type { Transport, TransportEvents } from '../../src/net/transport.ts';

/** What the event loop would do, as a queue of steps that a test takes one by one: the same input, the same order. */
export class Steps {
  /** Steps taken so far. */
  taken = 0;
  #queue: (() => void)[] = [];
  #at = 0;
  #idle: (() => void)[] = [];

  later(step: () => void): void {
    this.#queue.push(step);
  }

  /** Take this step when there is no other left: what a slow peer does after all else has come to rest. */
  whenIdle(step: () => void): void {
    this.#idle.push(step);
  }

  /** Take steps until none is left. False: there are more than `most`. */
  run(most: number): boolean {
    for (let count = 0; count < most; count++) {
      const step = this.#next();
      if (step === undefined) return true;
      this.taken++;
      step();
    }
    return false;
  }

  #next(): (() => void) | undefined {
    if (this.#at < this.#queue.length) return this.#queue[this.#at++];
    this.#queue = [];
    this.#at = 0;
    return this.#idle.shift();
  }
}

/** How the other side of a `MemoryTransport` behaves. */
export interface MemoryPeer {
  /** Bytes that the connection has written. */
  received(bytes: Buffer): void;
  /** The connection says that no more will come. */
  ended(): void;
}

const PEER: Peer = { address: '203.0.113.7', port: 1, secure: false };
/** What stands in a lent buffer after its time: who still reads it is found out. */
const STALE = 0xff;

/**
 * A connection's bytes in memory, with what makes real ones hard: reading pauses, chunks are lent in one buffer for
 * all, events come later and not from within a call, and a slow reader takes what is written only in a later step.
 */
export class MemoryTransport implements Transport {
  readonly peer: Peer = PEER;
  events: TransportEvents;
  pending = 0;
  /** How it was closed; undefined while it is open. */
  closed: 'ended' | 'destroyed' | 'reset' | undefined = undefined;
  /** Our side has said that no more will come. */
  hasEnded = false;
  /** Writes so far. */
  writes = 0;
  readonly #steps: Steps;
  readonly #other: MemoryPeer;
  readonly #slow: boolean;
  readonly #incoming: Buffer[] = [];
  #incomingEnds = false;
  #toldEnd = false;
  #paused = false;
  #delivering = false;
  #own: Buffer | undefined = undefined;
  #returned: Buffer | undefined = undefined;

  /** `slow`: the other side takes what is written only in a later step. */
  constructor(steps: Steps, events: TransportEvents, other: MemoryPeer, slow: boolean) {
    this.#steps = steps;
    this.events = events;
    this.#other = other;
    this.#slow = slow;
  }

  /** The other side sends bytes; an empty piece is none. */
  deliver(piece: Buffer): void {
    if (piece.length > 0) this.#incoming.push(piece);
    this.#deliverLater();
  }

  /** The other side says that no more will come. */
  deliverEnd(): void {
    this.#incomingEnds = true;
    this.#deliverLater();
  }

  get unsent(): number {
    return this.pending;
  }

  write(data: string | Buffer): boolean {
    if (this.closed !== undefined) return true;
    this.writes++;
    // Copied: a Buffer is ours to read only until `drained`.
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data);
    this.#other.received(bytes);
    if (!this.#slow || bytes.length === 0) return this.pending === 0;
    if (this.pending === 0) {
      this.#steps.later(() => {
        if (this.closed !== undefined) return;
        this.pending = 0;
        if (this.hasEnded) this.#sayEnd();
        this.events.drained();
      });
    }
    this.pending += bytes.length;
    return false;
  }

  writeBoth(head: string, data: Buffer, tail: string): boolean {
    return this.write(Buffer.concat([Buffer.from(head, 'latin1'), data, Buffer.from(tail, 'latin1')]));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliverLater();
  }

  holdBuffer(): Buffer {
    this.#own ??= this.#returned ?? takeReadBuffer();
    this.#returned = undefined;
    return this.#own;
  }

  releaseBuffer(lent: boolean): void {
    if (this.#own !== undefined && !lent) this.#returned = this.#own;
    this.#own = undefined;
  }

  replaceBuffer(): void {
    this.releaseBuffer(true);
    this.holdBuffer();
  }

  end(): void {
    if (this.hasEnded || this.closed !== undefined) return;
    this.hasEnded = true;
    if (this.pending === 0) this.#sayEnd();
  }

  destroy(): void {
    this.#close('destroyed');
  }

  reset(): void {
    this.#close('reset');
  }

  #sayEnd(): void {
    this.#other.ended();
    if (this.#toldEnd) this.#close('ended');
  }

  #close(how: 'ended' | 'destroyed' | 'reset'): void {
    if (this.closed !== undefined) return;
    this.closed = how;
    this.#steps.later(() => this.events.closed(undefined));
  }

  #deliverLater(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    this.#steps.later(() => {
      this.#delivering = false;
      this.#deliverOne();
    });
  }

  #deliverOne(): void {
    if (this.closed !== undefined || this.#paused || this.#toldEnd) return;
    const piece = this.#incoming.shift();
    if (piece !== undefined) {
      const buffer = this.#own ?? sharedReadBuffer;
      piece.copy(buffer);
      this.events.data(buffer, piece.length);
      if (buffer !== this.#own) buffer.fill(STALE, 0, piece.length);
      if (this.#returned !== undefined) giveReadBuffer(this.#returned);
      this.#returned = undefined;
      this.#deliverLater();
    } else if (this.#incomingEnds) {
      this.#toldEnd = true;
      this.events.ended();
      if (this.hasEnded && this.pending === 0) this.#close('ended');
    }
  }
}
