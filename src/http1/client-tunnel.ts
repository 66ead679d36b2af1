import { Buffer } from 'node:buffer';
import type { ErrorCode } from '../core/errors.ts';
import type { BodySource } from '../http/body.ts';
import type { Transport, TransportEvents } from '../net/transport.ts';
import { BodyDecoder } from './body-decoder.ts';
import { ConnectionInput, type InputReader } from './connection-input.ts';
import { UNTIL_CLOSE } from './framing.ts';
import { IncomingBody } from './incoming-body.ts';
import { MessageWriter, type MessageWriterOwner } from './message-writer.ts';

/** Which halves are still to come to their end. */
type Halves = 'both' | 'from-server' | 'to-server' | 'none';

/**
 * What a connection to a server is once that has changed to another protocol: two bodies, one each way, that end with
 * their half of the connection (ADR 0006). How long it may be silent is the business of the client's side.
 */
export class ClientTunnel implements TransportEvents, InputReader, MessageWriterOwner {
  /** What the server sends. */
  readonly body = new IncomingBody(undefined, this);
  readonly #transport: Transport;
  readonly #input: ConnectionInput;
  readonly #writer: MessageWriter;
  readonly #decoder = new BodyDecoder(UNTIL_CLOSE);
  #open: Halves = 'both';

  /** `stallTimeout`: for how long the server may take nothing of what waits for it, in milliseconds. */
  constructor(transport: Transport, stallTimeout: number) {
    this.#transport = transport;
    this.#input = new ConnectionInput(this, transport);
    this.#writer = new MessageWriter(transport, stallTimeout, 0, this);
  }

  /** Send what the client sends, until it ends its half. */
  carry(fromClient: BodySource): void {
    this.#writer.send('', 'tunnel', fromClient);
    this.#writer.flush();
  }

  /** What has come behind the head that changed the protocol is the other one's already. */
  take(input: ConnectionInput): void {
    if (input.position === input.end) return;
    const early = Buffer.from(input.bytes.subarray(input.position, input.end));
    input.position = input.end;
    this.data(early, early.length);
  }

  /** Nobody waits for what comes any more. */
  cancel(): void {
    if (this.#open === 'none') return;
    this.#open = 'none';
    // An orderly end would be taken for that of what went through.
    this.#transport.reset();
  }

  // ---- TransportEvents

  data(bytes: Buffer, length: number): void {
    if (this.#receiving) this.#input.receive(bytes, length);
  }

  ended(): void {
    if (!this.#receiving) return;
    if (this.#open === 'both') this.#open = 'to-server';
    else this.#finish();
    this.body.finish();
  }

  drained(): void {
    this.#writer.drained();
  }

  closed(_error: NodeJS.ErrnoException | undefined): void {
    if (this.#open !== 'none') this.#fail('upstream.reset');
    this.#writer.release();
  }

  // ---- MessageWriterOwner

  /** The client has ended its half, or what it sends does not get through. */
  written(_bytes: number, error: ErrorCode | undefined): void {
    if (this.#open === 'none') return;
    if (error !== undefined) {
      this.#fail(error === 'http1.timeout.write-stall' ? 'upstream.idle-timeout' : error);
    } else if (this.#open === 'both') {
      this.#open = 'from-server';
      this.#transport.end();
    } else {
      this.#finish();
    }
  }

  // ---- reading

  /** From the body: it is asked for, has room again, or is not wanted. */
  continueBody(): void {
    if (!this.#receiving) return;
    if (this.body.demand === 'discarding') this.cancel();
    else if (this.#input.busy) this.read();
    else this.#input.resume();
  }

  read(): void {
    const input = this.#input;
    while (this.#receiving && input.position < input.end) {
      if (this.body.demand !== 'flowing') return input.pause();
      const decoder = this.#decoder;
      decoder.decode(input.bytes, input.position, input.end);
      input.position = decoder.position;
      if (!this.body.push(input.bytes.subarray(decoder.dataStart, decoder.dataEnd))) input.pause();
    }
  }

  afterRead(): boolean {
    return this.#receiving;
  }

  get #receiving(): boolean {
    return this.#open === 'both' || this.#open === 'from-server';
  }

  #finish(): void {
    this.#open = 'none';
    this.#transport.destroy();
  }

  #fail(code: ErrorCode): void {
    const receiving = this.#receiving;
    this.#open = 'none';
    this.#transport.reset();
    if (receiving) this.body.fail(code);
    this.#writer.abort(code);
  }
}
