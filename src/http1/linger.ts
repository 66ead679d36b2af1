import { monotonicNow } from '../core/clock.ts';
import { Deadline } from '../core/deadline.ts';
import type { Transport } from '../net/transport.ts';

/** How long a client that sends nothing may take to close, in milliseconds. */
const QUIET_MS = 2000;
/** How long one that goes on sending may take in all. */
const MOST_MS = 30_000;

/**
 * The end of a connection after our last word (RFC 9112 §9.6): we say that no more will come, and drop what is still
 * sent until the client closes too. Were the connection closed at once, what the client sends would have it reset, and
 * the answer with it, which the client has not read yet.
 */
export class Linger {
  readonly #transport: Transport;
  readonly #deadline: Deadline<'linger'>;
  #until = Infinity;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#deadline = new Deadline({ expired: () => transport.destroy() });
    transport.end();
    this.drained();
  }

  /** The time begins when the last byte is handed to the system; before, the writer watches over the client. */
  drained(): void {
    if (this.#transport.pending > 0) return;
    this.#until = monotonicNow() + MOST_MS;
    this.#deadline.arm('linger', QUIET_MS);
  }

  /** The client still sends. */
  heard(): void {
    if (this.#until !== Infinity && monotonicNow() < this.#until) this.#deadline.arm('linger', QUIET_MS);
  }

  /** The connection is gone. */
  release(): void {
    this.#deadline.release();
  }
}
