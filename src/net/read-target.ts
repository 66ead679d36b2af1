import { giveReadBuffer, sharedReadBuffer, takeReadBuffer } from '../core/read-buffer.ts';

/** Which buffer a connection reads into: the one that all of a thread share, or for a while one of its own. */
export class ReadTarget {
  /** What the next read is meant to go into. */
  #next: Buffer = sharedReadBuffer;
  #own: Buffer | undefined = undefined;
  /** The own buffer that is not needed any more, but is still being worked through. */
  #returned: Buffer | undefined = undefined;
  #inRead = false;

  get next(): Buffer {
    return this.#next;
  }

  /** Bytes are about to be handed on: until `read` they are being worked through. */
  reading(): void {
    this.#inRead = true;
  }

  read(): void {
    this.#inRead = false;
    if (this.#returned !== undefined) giveReadBuffer(this.#returned);
    this.#returned = undefined;
  }

  hold(): Buffer {
    const own = (this.#own ??= this.#returned ?? takeReadBuffer());
    this.#returned = undefined;
    this.#next = own;
    return own;
  }

  release(lent: boolean): void {
    if (lent) this.#returned = undefined;
    if (this.#own === undefined) return;
    // Outside of a read the connection has this buffer in hand for the next one: then it is left to the collector.
    if (this.#inRead && !lent) this.#returned = this.#own;
    this.#own = undefined;
    this.#next = sharedReadBuffer;
  }

  replace(): void {
    this.release(true);
    this.hold();
  }

  /** The connection is closed. Whoever was lent the last chunk may hold it for longer: the collector gets the buffer. */
  drop(): void {
    this.#own = undefined;
    this.#next = sharedReadBuffer;
  }
}
