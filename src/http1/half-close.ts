import { Deadline } from '../core/deadline.ts';

/** When the first byte goes ahead, in milliseconds; each of the next waits twice as long. */
const FIRST_MS = 100;
/** Bytes in all, over 50 seconds: as many as a status line begins with, and with a size no longer than readers of chunks take. */
const MOST = 9;

/** Who answers a client that sends no more. */
interface Answering {
  /** Send a byte of what comes next in any case. False: nothing is certain of it. */
  sendAhead(): boolean;
}

/**
 * The client has closed its half of the connection, or all of it: the same FIN says both, and only who has closed all
 * of it answers what is sent then with a reset. So while its answer is made it is sent the beginning, which is the same
 * whatever the answer will be, a byte at a time: the first brings the reset about, and the next finds it (ADR 0009).
 */
export class HalfClose {
  readonly #answering: Answering;
  readonly #deadline: Deadline<'half-close'>;
  #delay = FIRST_MS;
  #sent = 0;

  constructor(answering: Answering) {
    this.#answering = answering;
    this.#deadline = new Deadline({ expired: () => this.#ask() });
    this.#deadline.arm('half-close', this.#delay);
  }

  /** Our last word is said, or the connection is gone. */
  release(): void {
    this.#deadline.release();
  }

  #ask(): void {
    if (this.#answering.sendAhead() && ++this.#sent === MOST) return;
    this.#delay *= 2;
    this.#deadline.arm('half-close', this.#delay);
  }
}
