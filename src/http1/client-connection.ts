import { Deadline } from '../core/deadline.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { BodySource } from '../http/body.ts';
import type { OutgoingRequestHead, ResponseHead } from '../http/head.ts';
import type { Transport, TransportEvents } from '../net/transport.ts';
import { BodyDecoder } from './body-decoder.ts';
import { ConnectionInput } from './connection-input.ts';
import type { InputReader } from './connection-input.ts';
import { encodeRequestHead } from './encode-request-head.ts';
import { NEED_MORE, REFUSED } from './field-section.ts';
import { UNTIL_CLOSE, responseFraming, wantsKeepAlive } from './framing.ts';
import { IncomingBody } from './incoming-body.ts';
import { MessageWriter } from './message-writer.ts';
import type { MessageWriterOwner } from './message-writer.ts';
import { ResponseHeadParser } from './parse-response-head.ts';
import type { HeadLimits } from './parse-request-head.ts';

/** Times in milliseconds. */
export interface ClientConnectionTimeouts {
  /** From the request's last byte to the answer's first. */
  readonly firstByte: number;
  /** Between two pieces of the answer, and while the server takes nothing of the request. */
  readonly idle: number;
}

/** Who has sent a request over a connection. */
export interface Requester {
  /** The answer's head is here. Its body flows when asked for. */
  responded(head: ResponseHead, body: BodySource): void;
  /**
   * There will be no answer. `silent`: the connection broke before a single byte of an answer, as happens when a kept
   * connection was closed by the server at the moment that we used it.
   */
  failed(code: ErrorCode, silent: boolean, detail: string | undefined): void;
}

/** Who keeps connections for the next request. */
export interface ClientConnectionOwner {
  /** The exchange is over and the connection can serve another. */
  released(connection: ClientConnection): void;
  /** The connection is gone. */
  closed(connection: ClientConnection): void;
}

/** The server has ended the connection: it did not let it time out, or break a rule. */
const BROKE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['upstream.closed-early', 'upstream.reset']);

type Phase = 'first-byte' | 'idle' | 'kept';
type State = 'free' | 'head' | 'body' | 'closed';

/** Bounds on an answer's head; a server that exceeds them is not to be trusted with a connection. */
const HEAD_LIMITS: HeadLimits = { headerBytes: 64 * 1024, headers: 256, uriBytes: 0 };

/**
 * One connection to a server: one exchange at a time, and between exchanges it may be kept. Anything that leaves a
 * doubt about where an answer ends closes it.
 */
export class ClientConnection implements TransportEvents, InputReader, MessageWriterOwner {
  /** Exchanges before the present one. */
  served = 0;
  readonly #owner: ClientConnectionOwner;
  readonly #timeouts: ClientConnectionTimeouts;
  #transport!: Transport;
  #writer!: MessageWriter;
  readonly #deadline: Deadline<Phase>;
  readonly #parser = new ResponseHeadParser(HEAD_LIMITS);
  #state: State = 'free';
  #requester: Requester | undefined = undefined;
  #method = '';
  /** The request is all written. */
  #requestSent = true;
  #receivedAny = false;
  #keepAlive = true;
  #decoder: BodyDecoder | undefined = undefined;
  #body: IncomingBody | undefined = undefined;
  #input!: ConnectionInput;

  constructor(owner: ClientConnectionOwner, timeouts: ClientConnectionTimeouts) {
    this.#owner = owner;
    this.#timeouts = timeouts;
    this.#deadline = new Deadline((phase) => this.#timedOut(phase));
  }

  /** The connection is made. */
  attach(transport: Transport): void {
    this.#transport = transport;
    this.#input = new ConnectionInput(this, transport);
    this.#writer = new MessageWriter(transport, this.#timeouts.idle, this);
  }

  /** Send a request. The answer, or why there is none, goes to `requester`. */
  send(head: OutgoingRequestHead, body: BodySource | null, requester: Requester): void {
    this.#state = 'head';
    this.#requester = requester;
    this.#method = head.method;
    this.#requestSent = false;
    this.#receivedAny = false;
    this.#keepAlive = true;
    this.#parser.reset();
    this.#deadline.clear();
    const mode = body === null ? 'none' : body.length === undefined ? 'chunked' : 'counted';
    this.#writer.send(encodeRequestHead(head, body === null ? null : body.length), mode, body);
    this.#writer.flush();
  }

  /**
   * `requester` waits for the answer no more. Half an exchange cannot be taken back, so the connection closes; unless
   * that exchange is over, and the connection kept or another's.
   */
  cancel(requester: Requester): void {
    if (this.#requester === requester) this.#abandon();
  }

  /** Keep the unused connection for `ms` milliseconds. */
  keep(ms: number): void {
    this.#deadline.arm('kept', ms);
  }

  /** Whether it can take a request: it has none, and is not being closed. */
  get free(): boolean {
    return this.#state === 'free';
  }

  destroy(): void {
    if (this.#state === 'free') this.#state = 'closed';
    this.#transport.destroy();
  }

  // ---- MessageWriterOwner

  /** The request left, or broke off: then its body failed, or the server stopped taking it. */
  written(_bytes: number, error: ErrorCode | undefined): void {
    this.#requestSent = true;
    if (error === undefined) {
      if (this.#state === 'head' && !this.#receivedAny)
        this.#deadline.arm('first-byte', this.#timeouts.firstByte);
    } else if (this.#state !== 'closed') {
      this.#fail(error === 'http1.timeout.write-stall' ? 'upstream.idle-timeout' : error, undefined);
    }
  }

  // ---- TransportEvents

  data(bytes: Buffer, length: number): void {
    if (this.#state === 'free') {
      // An answer that nobody has asked for.
      this.destroy();
    } else {
      this.#input.receive(bytes, length);
    }
  }

  ended(): void {
    if (this.#state === 'body' && (this.#decoder as BodyDecoder).endsWithConnection()) {
      this.#complete();
      return;
    }
    if (this.#state === 'head' || this.#state === 'body') {
      this.#fail(this.#receivedAny ? 'upstream.body-incomplete' : 'upstream.closed-early', undefined);
      return;
    }
    this.destroy();
  }

  drained(): void {
    this.#writer.drained();
  }

  closed(error: NodeJS.ErrnoException | undefined): void {
    const state = this.#state;
    if (state === 'head' || state === 'body') this.#fail('upstream.reset', error?.code);
    this.#state = 'closed';
    this.#deadline.release();
    this.#writer.abort('upstream.reset');
    this.#writer.release();
    this.#owner.closed(this);
  }

  // ---- reading

  /** From the answer's body: it is asked for, has room again, or is not wanted. */
  continueBody(): void {
    if (this.#state !== 'body') return;
    if (this.#body?.demand === 'discarding') {
      this.#abandon();
      return;
    }
    this.#deadline.arm('idle', this.#timeouts.idle);
    // Asked for while its head is handed over: what has come with the head leaves with it.
    if (this.#input.busy) this.#readBody();
    else this.#input.resume();
  }

  // ---- InputReader

  read(): void {
    this.#receivedAny = true;
    while (this.#state === 'head' && this.#input.position < this.#input.end && this.#readHead());
    this.#readBody();
  }

  afterRead(): boolean {
    if (this.#state === 'head' || this.#state === 'body') return true;
    // Bytes behind the answer: whose they are nobody knows.
    if (this.#input.position < this.#input.end) this.#keepAlive = false;
    if (this.#state === 'free') this.#release();
    return false;
  }

  /** Read one head, interim or final. False: it is not all here, or it is refused. */
  #readHead(): boolean {
    const parser = this.#parser;
    const input = this.#input;
    const after = parser.parse(input.bytes, input.position, input.end);
    if (after === NEED_MORE) {
      this.#deadline.arm('idle', this.#timeouts.idle);
      return false;
    }
    if (after === REFUSED) {
      this.#fail(parser.error, parser.detail);
      return false;
    }
    input.position = after;
    const head = parser.head as ResponseHead;
    const { seen } = parser;
    if (head.status < 200) {
      // Interim answers are for who waits; a switch of protocols was not asked for (RFC 9110 §15.2).
      if (head.status === 101) this.#fail('upstream.malformed-response', '101');
      parser.reset();
      return true;
    }
    const framing = responseFraming(this.#method, head.status, head.version, head.headers, seen);
    if (typeof framing === 'string') {
      this.#fail('upstream.ambiguous-framing', framing);
      return false;
    }
    this.#keepAlive = framing !== UNTIL_CLOSE && wantsKeepAlive(head.version, head.headers, seen);
    this.#state = 'body';
    const body = new IncomingBody(framing < 0 ? undefined : framing, this);
    this.#body = body;
    this.#decoder = new BodyDecoder(framing);
    this.#deadline.arm('idle', this.#timeouts.idle);
    const requester = this.#requester as Requester;
    if (framing === 0) this.#complete();
    requester.responded(head, body);
    return true;
  }

  /** Hand on what has come of the body, as far as its reader takes it. */
  #readBody(): void {
    const input = this.#input;
    while (this.#state === 'body' && input.position < input.end) {
      const body = this.#body as IncomingBody;
      if (body.demand !== 'flowing') return input.pause();
      const decoder = this.#decoder as BodyDecoder;
      const { bytes } = input;
      const decoded = decoder.decode(bytes, input.position, input.end);
      if (decoded === 'refused') return this.#fail('upstream.malformed-response', decoder.error);
      input.position = decoder.position;
      let taken = true;
      if (decoder.dataEnd > decoder.dataStart) {
        const whole = decoder.dataStart === 0 && decoder.dataEnd === bytes.length;
        taken = body.push(whole ? bytes : bytes.subarray(decoder.dataStart, decoder.dataEnd));
      }
      if (this.#state !== 'body') return;
      if (decoded === 'end') {
        // Somebody may still hold the last piece while the next answer is read.
        if (!taken) this.#transport.replaceBuffer();
        this.#complete();
      } else if (taken) {
        this.#deadline.arm('idle', this.#timeouts.idle);
      } else {
        this.#deadline.clear();
        input.pause();
      }
    }
  }

  /** The answer is all here. */
  #complete(): void {
    const body = this.#body as IncomingBody;
    this.#requester = undefined;
    this.#state = 'free';
    this.#deadline.clear();
    // A request that the server did not wait for: where it ends is of no use to anybody now.
    if (!this.#requestSent) this.#keepAlive = false;
    body.trailers = this.#decoder?.trailers;
    body.finish();
    if (!this.#input.busy) this.#release();
  }

  /** Back to the owner, or closed. */
  #release(): void {
    if (this.#keepAlive) {
      this.served++;
      this.#owner.released(this);
    } else {
      this.destroy();
    }
  }

  #abandon(): void {
    this.#requester = undefined;
    this.#state = 'closed';
    this.destroy();
  }

  /** The exchange fails, and the connection with it. */
  #fail(code: ErrorCode, detail: string | undefined): void {
    const requester = this.#requester;
    const inBody = this.#state === 'body';
    this.#requester = undefined;
    this.#state = 'closed';
    this.#deadline.clear();
    this.#transport.destroy();
    this.#writer.abort(code);
    if (inBody) this.#body?.fail(code);
    else requester?.failed(code, BROKE.has(code) && !this.#receivedAny, detail);
  }

  #timedOut(phase: Phase): void {
    if (phase === 'kept') this.destroy();
    else
      this.#fail(phase === 'first-byte' ? 'upstream.first-byte-timeout' : 'upstream.idle-timeout', undefined);
  }
}
