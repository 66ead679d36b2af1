import { Buffer } from 'node:buffer';
import { Deadline } from '../core/deadline.ts';
import type { ErrorCode } from '../core/errors.ts';
import { NEED_MORE, ProxyHeaderParser, REFUSED } from './proxy-header.ts';
import type { ProxiedAddresses } from './proxy-header.ts';
import type { Transport, TransportEvents } from './transport.ts';

/** Who hears what a proxy has said. Exactly one of these is called, once. */
export interface ProxyHeaderOwner {
  /**
   * The header is here; `rest` is what has come behind it, and is the owner's to keep. The owner sets
   * `transport.events` now.
   */
  announced(addresses: ProxiedAddresses | undefined, rest: Buffer | undefined): void;
  /** There will be none, and the connection is closed. No code: it went without a word, as health checks do. */
  refused(code: ErrorCode | undefined): void;
}

const NO_BYTES = Buffer.alloc(0);

/** Reads the header of the PROXY protocol from a connection that was accepted, before anybody else reads from it. */
export class ProxyHeaderReader implements TransportEvents {
  readonly #owner: ProxyHeaderOwner;
  readonly #parser = new ProxyHeaderParser();
  readonly #deadline: Deadline<'header'>;
  #transport!: Transport;
  #received: Buffer = NO_BYTES;
  #refusal: ErrorCode | undefined = undefined;

  /** `timeout`: for the whole header, in milliseconds; 0 waits for ever. */
  constructor(owner: ProxyHeaderOwner, timeout: number) {
    this.#owner = owner;
    this.#deadline = new Deadline(this);
    this.#deadline.arm('header', timeout);
  }

  /** Begin, once the transport is there. */
  attach(transport: Transport): void {
    this.#transport = transport;
  }

  /** Close the connection, whatever has come. */
  destroy(): void {
    this.#transport.destroy();
  }

  /** From the deadline. */
  expired(): void {
    this.#refuse('proxy-protocol.timeout');
  }

  // ---- TransportEvents

  data(bytes: Buffer, length: number): void {
    if (this.#refusal !== undefined) return;
    const received = Buffer.concat([this.#received, bytes.subarray(0, length)]);
    const consumed = this.#parser.parse(received, received.length);
    this.#received = received;
    if (consumed === NEED_MORE) return;
    if (consumed === REFUSED) {
      this.#refuse(this.#parser.error);
      return;
    }
    this.#deadline.release();
    const rest = consumed === received.length ? undefined : received.subarray(consumed);
    this.#owner.announced(this.#parser.addresses, rest);
  }

  ended(): void {
    if (this.#received.length > 0) this.#refuse('proxy-protocol.incomplete');
    else this.#transport.destroy();
  }

  drained(): void {}

  closed(): void {
    this.#deadline.release();
    this.#owner.refused(this.#refusal);
  }

  #refuse(code: ErrorCode): void {
    this.#refusal ??= code;
    this.#transport.destroy();
  }
}
