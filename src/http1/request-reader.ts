import { Deadline, type Waiter } from '../core/deadline.ts';
import type { ErrorCode } from '../core/errors.ts';
import { sharedReadBuffer } from '../core/read-buffer.ts';
import type { RequestHead } from '../http/head.ts';
import type { Transport } from '../net/transport.ts';
import { BodyDecoder } from './body-decoder.ts';
import { CR, LF } from './chars.ts';
import { ConnectionInput, type InputReader } from './connection-input.ts';
import { expectsContinue } from './expectation.ts';
import { NEED_MORE, REFUSED } from './field-section.ts';
import { CHUNKED, UNTIL_CLOSE, framingOffset, requestFraming, type Framing } from './framing.ts';
import { IncomingBody } from './incoming-body.ts';
import { Pace } from './pace.ts';
import { giveParser, takeParser, type RequestHeadParser } from './parse-request-head.ts';
import type { Refusal, ServerConnectionOptions } from './server-connection-owner.ts';
import type { Reading } from './state.ts';

type Phase = 'headers' | 'keep-alive' | 'body-idle' | 'tunnel-idle';

/** A request body that nobody wanted is read away up to this many bytes; past it, closing is cheaper. */
const DISCARD_LIMIT = 64 * 1024;
/** Pipelined bytes that may wait for their turn before reading pauses. */
const PIPELINE_LIMIT = 64 * 1024;

/** The connection whose requests are read. */
export interface RequestReaderOwner {
  /** Whether another request may be begun: the client takes what it has been answered. */
  hasRoom(): boolean;
  /** A head is here, and the body's framing is certain. `body` is undefined where there is none. */
  requested(head: RequestHead, seen: number, body: IncomingBody | undefined): void;
  refused(refusal: Refusal): void;
  /** The body is about to break off: nothing that follows can be made sense of, and no answer may promise to go on. */
  breaking(): void;
  /** The request is all here now, or broke off. */
  completed(error: ErrorCode | undefined): void;
  /** The body is wanted, and the client waits for the word. */
  sendContinue(): void;
  /** What has come is worked through for now. */
  paused(): void;
  /** The client wants nothing more: it has said so, or let the time pass. */
  exhausted(): void;
  /** For how many milliseconds nothing has gone out through the tunnel. */
  silentFor(): number;
  /** The tunnel does not come to its proper end. */
  tunnelBroken(error: ErrorCode): void;
}

/**
 * The reading half of a server connection: heads, then bodies as far as they are wanted, one request at a time. What
 * is pipelined behind the present one waits in the input, and past a bound in the client.
 */
export class RequestReader implements InputReader, Waiter<Phase> {
  reading: Reading = 'head';
  /** The body of the present request. */
  body: IncomingBody | undefined = undefined;
  /** The client waits for `100 Continue` before it sends its body. */
  expectsContinue = false;
  /** Where the rule was broken that ended the present request, in bytes from its first. */
  errorAt: number | undefined = undefined;
  readonly #owner: RequestReaderOwner;
  readonly #options: ServerConnectionOptions;
  readonly #transport: Transport;
  readonly #input: ConnectionInput;
  readonly #deadline: Deadline<Phase>;
  /** Made with the first body: most connections never know one. */
  #pace: Pace | undefined = undefined;
  /** There while a head is being read. */
  #parser: RequestHeadParser | undefined = undefined;
  #decoder: BodyDecoder | undefined = undefined;
  #headBytes = 0;
  #inputEnded = false;
  #stopped = false;
  /** A piece of the body is being handed to its sink, further up the stack. */
  #pushing = false;

  constructor(owner: RequestReaderOwner, options: ServerConnectionOptions, transport: Transport) {
    this.#owner = owner;
    this.#options = options;
    this.#transport = transport;
    this.#input = new ConnectionInput(this, transport);
    this.#deadline = new Deadline(this);
    this.#deadline.arm('headers', options.timeouts.headers);
  }

  /** Whether the next byte would be a request's first. */
  get atStart(): boolean {
    return this.reading === 'head' && (this.#parser === undefined || this.#parser.atStart);
  }

  /** The reader is at work, further up the stack: what is to be flushed can wait until it is done. */
  get busy(): boolean {
    return this.#input.busy;
  }

  /** Something has come behind what is read. */
  get hasMore(): boolean {
    return this.#input.waiting > 0;
  }

  /** Whether the rest of a body that nobody reads is little enough to be read away. */
  get restIsSmall(): boolean {
    const length = this.body?.length;
    return !this.expectsContinue && length !== undefined && length <= DISCARD_LIMIT;
  }

  /** From the transport: bytes, lent. */
  receive(bytes: Buffer, length: number): void {
    this.#input.receive(bytes, length);
  }

  /** From the transport: the client will send no more. What is due to it is still answered. */
  ended(): void {
    this.#inputEnded = true;
    this.#afterInputEnd();
  }

  /** There is room for another answer. */
  resume(): void {
    this.#input.resume();
  }

  /** Turn to the next request, which may be here already. */
  next(): void {
    this.reading = 'head';
    this.body = undefined;
    this.#decoder = undefined;
    this.#pace = undefined;
    this.errorAt = undefined;
    this.#deadline.arm('keep-alive', this.#options.timeouts.keepAlive);
    if (this.#input.busy) return;
    this.#input.resume();
    this.#afterInputEnd();
  }

  /** The request is answered, and what follows it are bytes of another protocol: until the client ends them. */
  tunnel(): IncomingBody {
    this.reading = 'tunnel';
    this.#decoder = new BodyDecoder(UNTIL_CLOSE);
    this.body = new IncomingBody(undefined, this);
    this.#armTunnel();
    return this.body;
  }

  /** Nothing is read any more: what still comes is dropped by whoever waits for the end. */
  stop(): void {
    this.#stopped = true;
    this.#deadline.clear();
    this.#input.resume();
  }

  /** The connection is gone, for that reason. */
  closed(because: ErrorCode): void {
    this.#stopped = true;
    this.#deadline.release();
    if (this.reading === 'body' || this.reading === 'tunnel') this.body?.fail(because);
  }

  /** The request body's reader is there, has room again, or has gone. */
  continueBody(): void {
    // From within a push the loop around it goes on by itself.
    if (this.#stopped || this.#pushing) return;
    if (this.reading === 'tunnel') {
      // Whoever was to take the bytes takes no more of them: that is not said to a client but by a reset.
      if (this.body?.demand === 'discarding') return this.#owner.tunnelBroken('upstream.tunnel-broken');
      this.#armTunnel();
    } else {
      if (this.expectsContinue && this.body?.demand === 'flowing') {
        this.expectsContinue = false;
        if (this.#input.waiting === 0) this.#owner.sendContinue();
      }
      if (this.reading !== 'body') return;
      this.#awaitBody();
    }
    // Asked for while the request is handed over: what has come with the head goes on with it.
    if (this.#input.busy) {
      this.#readBody();
      return;
    }
    this.#input.resume();
    if (this.reading === 'tunnel') this.#afterInputEnd();
  }

  // ---- InputReader

  read(): void {
    const input = this.#input;
    while (input.position < input.end && !this.#stopped) {
      const before = input.position;
      if (this.reading === 'head') this.#readHead();
      else this.#readBody();
      if (input.position === before) break;
    }
    if (this.reading !== 'head' && input.end - input.position > PIPELINE_LIMIT) input.pause();
    this.#owner.paused();
    this.#afterInputEnd();
  }

  afterRead(): boolean {
    return !this.#stopped;
  }

  /** Where the client will send no more: what is due to it is still answered, then the connection ends. */
  #afterInputEnd(): void {
    if (!this.#inputEnded || this.#stopped) return;
    const usedUp = this.#input.waiting === 0;
    switch (this.reading) {
      case 'head':
        if (!this.atStart) this.#refuse('http1.head.incomplete', undefined);
        else if (usedUp || this.#owner.hasRoom()) this.#owner.exhausted();
        break;
      case 'body':
        if (usedUp) this.#breakBody('http1.body.incomplete', undefined);
        break;
      case 'tunnel':
        if (usedUp) this.#complete();
        break;
      case 'complete':
        break;
    }
  }

  #readHead(): void {
    const { limits, lenient, timeouts } = this.#options;
    const parser = (this.#parser ??= takeParser(limits, lenient));
    const input = this.#input;
    const { bytes, position, end } = input;
    const isFirst = parser.atStart;
    if (isFirst) {
      if (!this.#owner.hasRoom()) return input.pause();
      // An empty line before a request is passed over (RFC 9112 §2.2).
      if (bytes[position] === CR && (position + 1 === end || bytes[position + 1] === LF)) {
        if (position + 1 < end) input.position += 2;
        return;
      }
    }
    const after = parser.parse(bytes, position, end);
    if (after === NEED_MORE && isFirst) this.#deadline.arm('headers', timeouts.headers);
    if (after === NEED_MORE) return;
    if (after === REFUSED) {
      const { error: code, errorOffset: at } = parser;
      return this.#refuseWith({ code, at, head: undefined, line: parser.requestLine(bytes, position) });
    }
    input.position = after;
    this.#headBytes = after - position;
    const { head, seen } = parser;
    this.#parser = undefined;
    giveParser(parser);
    this.#begin(head as RequestHead, seen);
  }

  #begin(head: RequestHead, seen: number): void {
    const framing = requestFraming(head.version, head.headers, seen, this.#options.lenient);
    if (typeof framing === 'string') return this.#refuse(framing, head);
    if (framing !== 0 && head.method === 'CONNECT') {
      return this.#refuse('http1.framing.content-in-connect', head);
    }
    if (framing > this.#options.limits.bodyBytes) return this.#refuse('http1.body.too-large', head);
    const waits = expectsContinue(head, seen);
    if (waits === undefined) return this.#refuse('http1.expectation.unknown', head);
    this.expectsContinue = waits && framing !== 0;
    this.#deadline.clear();
    this.#receiveBody(framing);
    this.#owner.requested(head, seen, this.body);
  }

  #receiveBody(framing: Framing): void {
    if (framing === 0) {
      this.reading = 'complete';
      this.body = undefined;
    } else {
      this.reading = 'body';
      this.#decoder = new BodyDecoder(framing, this.#options.lenient);
      this.body = new IncomingBody(framing === CHUNKED ? undefined : framing, this);
    }
  }

  /** Hand on what has come of the body, as far as its reader takes it. */
  #readBody(): void {
    const input = this.#input;
    const { reading } = this;
    if (reading === 'complete' || input.position === input.end) return;
    const body = this.body as IncomingBody;
    if (body.demand === 'unclaimed' || body.demand === 'stalled') return input.pause();
    const decoder = this.#decoder as BodyDecoder;
    const { bytes } = input;
    const decoded = decoder.decode(bytes, input.position, input.end);
    // First the limit: it was met before what may stand refused behind it, however the bytes were cut.
    if (reading === 'body' && decoder.received > this.#options.limits.bodyBytes)
      return this.#breakBody('http1.body.too-large', undefined);
    if (decoded === 'refused') return this.#breakBody(decoder.error, decoder.errorOffset);
    input.position = decoder.position;
    if (decoded === 'more') this.#awaitMore(decoder.received);
    let taken = true;
    if (decoder.dataEnd > decoder.dataStart && body.demand === 'flowing') {
      let chunk = bytes.subarray(decoder.dataStart, decoder.dataEnd);
      if (bytes === sharedReadBuffer) {
        // Other connections read into it while the sink may still hold the chunk: this body goes on in a buffer of its own.
        const own = this.#transport.holdBuffer();
        chunk = own.subarray(0, chunk.copy(own));
      }
      this.#pushing = true;
      taken = body.push(chunk);
      this.#pushing = false;
      if (this.#stopped) return;
    }
    if (decoded === 'end') {
      this.#transport.releaseBuffer(!taken);
      body.trailers = decoder.trailers;
      this.#complete();
    } else if (!taken) {
      // The chunk stays lent: what it lies in is not for another connection to read into.
      this.#transport.holdBuffer();
      input.pause();
      if (reading === 'body') {
        this.#pace?.pause();
        this.#deadline.clear();
      }
    }
  }

  /** From here on it is the client who is waited for; unless it waits itself, to be told that nobody wants its body. */
  #awaitBody(): void {
    if (this.expectsContinue) return;
    const { limits, timeouts } = this.#options;
    if (limits.minDataRate !== 0) this.#pace ??= new Pace(limits.minDataRate, timeouts.bodyIdle);
    this.#pace?.resume();
    this.#awaitMore(this.#decoder?.received ?? 0);
  }

  #awaitMore(received: number): void {
    const { bodyIdle } = this.#options.timeouts;
    if (this.reading === 'tunnel') this.#armTunnel();
    else this.#deadline.arm('body-idle', this.#pace?.patience(received, bodyIdle) ?? bodyIdle);
  }

  #armTunnel(): void {
    this.#deadline.arm('tunnel-idle', this.#options.timeouts.tunnel);
  }

  /** The last byte of the request, or of the tunnel, is handed on. */
  #complete(): void {
    // The other half of a tunnel may go on; then its silence still counts.
    if (this.reading === 'tunnel') this.#armTunnel();
    else this.#deadline.clear();
    this.reading = 'complete';
    this.body?.finish();
    this.#owner.completed(undefined);
  }

  /** The body breaks off or breaks a rule: its reader hears of it, and the connection cannot go on. */
  #breakBody(code: ErrorCode, at: number | undefined): void {
    this.errorAt = at === undefined ? undefined : this.#headBytes + at;
    this.reading = 'complete';
    this.#deadline.clear();
    this.#transport.releaseBuffer(true);
    this.#owner.breaking();
    this.body?.fail(code);
    this.#owner.completed(code);
  }

  #refuse(code: ErrorCode, head: RequestHead | undefined): void {
    const at = head === undefined ? undefined : framingOffset(head.headers, code);
    this.#refuseWith({ code, at, head, line: undefined });
  }

  #refuseWith(refusal: Refusal): void {
    this.errorAt = refusal.at;
    this.reading = 'complete';
    this.#deadline.clear();
    this.#owner.refused(refusal);
  }

  /** From the deadline. */
  expired(phase: Phase): void {
    switch (phase) {
      case 'keep-alive':
        // Answers that wait for the client to take them are looked after by whoever writes them.
        if (this.#owner.hasRoom()) this.#owner.exhausted();
        else this.#deadline.arm('keep-alive', this.#options.timeouts.keepAlive);
        break;
      case 'headers':
        if (this.atStart) this.#owner.exhausted();
        else this.#refuse('http1.timeout.headers', undefined);
        break;
      case 'body-idle':
        this.#breakBody('http1.timeout.body', undefined);
        break;
      case 'tunnel-idle': {
        const left = this.#options.timeouts.tunnel - this.#owner.silentFor();
        if (left > 0) {
          this.#deadline.arm('tunnel-idle', left);
          break;
        }
        if (this.reading === 'tunnel') this.#breakBody('http1.timeout.tunnel', undefined);
        this.#owner.tunnelBroken('http1.timeout.tunnel');
        break;
      }
    }
  }
}
