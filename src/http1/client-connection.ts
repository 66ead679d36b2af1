import { coarseNow, Deadline, type Waiter } from '../core/deadline.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { BodySource, HeadPieces } from '../http/body.ts';
import type { OutgoingRequestHead, ResponseHead } from '../http/head.ts';
import { wasAskedFor } from '../http/upgrade.ts';
import type { Transport, TransportEvents } from '../net/transport.ts';
import { BodyDecoder } from './body-decoder.ts';
import type { ClientConnectionOptions, ClientConnectionOwner, Requester } from './client-connection-owner.ts';
import { ClientTunnel } from './client-tunnel.ts';
import { BROKE, brokenBy } from './connection-break.ts';
import { ConnectionInput } from './connection-input.ts';
import type { InputReader } from './connection-input.ts';
import { encodeRequestHead, requestBodyMode } from './encode-request-head.ts';
import { NEED_MORE, REFUSED, SEEN } from './field-section.ts';
import { GatedBody } from './gated-body.ts';
import { IncomingBody } from './incoming-body.ts';
import { LentAnswer } from './lent-answer.ts';
import { MessageWriter } from './message-writer.ts';
import type { MessageWriterOwner } from './message-writer.ts';
import { RESPONSE_HEAD_LIMITS, ResponseHeadParser } from './parse-response-head.ts';
import { ResponseFraming } from './response-framing.ts';

type Phase = 'first-byte' | 'idle' | 'kept';

type State = 'free' | 'head' | 'body' | 'tunnel' | 'closed';

const FRAMED = SEEN.contentLength | SEEN.transferEncoding;

/** Interim answers before the final one; more are no information any more. */
const MOST_INTERIM = 16;

/**
 * One connection to a server: one exchange at a time, and between exchanges it may be kept. Anything that leaves a
 * doubt about where an answer ends closes it.
 */
export class ClientConnection implements TransportEvents, InputReader, MessageWriterOwner, Waiter<Phase> {
  /** Exchanges before the present one. */
  served = 0;
  /** When it was kept for the next exchange, on the coarse clock. */
  keptAt = 0;
  /** The server has closed it while it was kept. */
  closedWhileKept = false;
  /** When the last byte of the request had been written, on the coarse clock; Infinity before. */
  sentAt = Infinity;
  readonly #owner: ClientConnectionOwner<ClientConnection>;
  readonly #timeouts: ClientConnectionOptions['timeouts'];
  #transport!: Transport;
  #writer!: MessageWriter;
  readonly #deadline: Deadline<Phase>;
  readonly #parser: ResponseHeadParser;
  readonly #framing: ResponseFraming;
  #state: State = 'free';
  #requester: Requester | undefined = undefined;
  #method = '';
  /** The request is all written. */
  #requestSent = true;
  #receivedAny = false;
  /** The answer's head, while nothing of its body is here and the request might rather be repeated. */
  #held: ResponseHead | undefined = undefined;
  #keepAlive = true;
  #interims = 0;
  /** The protocol that was asked for. */
  #upgrade: string | undefined = undefined;
  /** The body, while the server has not said that it wants it. */
  #gate: GatedBody | undefined = undefined;
  /** What it has become, where it speaks another protocol. */
  #tunnel: ClientTunnel | undefined = undefined;
  #decoder: BodyDecoder | undefined = undefined;
  #body: IncomingBody | undefined = undefined;
  readonly #lent = new LentAnswer();
  #input!: ConnectionInput;

  constructor(owner: ClientConnectionOwner<ClientConnection>, options: ClientConnectionOptions) {
    this.#owner = owner;
    this.#timeouts = options.timeouts;
    this.#parser = new ResponseHeadParser(RESPONSE_HEAD_LIMITS, options.lenient);
    this.#framing = new ResponseFraming(this.#parser.lenient);
    this.#deadline = new Deadline(this);
  }

  /** The connection is made. */
  attach(transport: Transport): void {
    this.#transport = transport;
    this.#input = new ConnectionInput(this, transport);
    this.#writer = new MessageWriter(transport, this.#timeouts.idle, 0, this);
  }

  /** Send a request, which is called `id`. The answer, or why there is none, goes to `requester`. */
  send(head: OutgoingRequestHead, body: BodySource | null, requester: Requester, id?: string): void {
    this.#state = 'head';
    this.#requester = requester;
    this.#method = head.method;
    this.#requestSent = false;
    this.sentAt = Infinity;
    this.#receivedAny = false;
    this.#held = undefined;
    this.#keepAlive = true;
    this.#interims = 0;
    this.#upgrade = head.upgrade;
    this.#gate = undefined;
    this.#parser.reset();
    this.#deadline.clear();
    const mode = requestBodyMode(head, body);
    const text = encodeRequestHead(head, body === null ? null : body.length, id);
    if (body !== null && head.expectContinue) this.#gate = new GatedBody(body);
    this.#writer.send(text, mode, this.#gate ?? body);
    this.#writer.flush();
  }

  /**
   * `requester` waits for the answer no more. Half an exchange cannot be taken back, so the connection closes; unless
   * that exchange is over, and the connection kept or another's.
   */
  cancel(requester: Requester): void {
    if (this.#requester !== requester) return;
    if (this.#tunnel === undefined) this.#abandon();
    else this.#tunnel.cancel();
  }

  /** Keep the unused connection for `ms` milliseconds. */
  keep(ms: number): void {
    this.keptAt = coarseNow();
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
  written(_bytes: number, error: ErrorCode | undefined, _unbegun: boolean, cause?: string): void {
    this.#requestSent = true;
    if (error === undefined) {
      this.sentAt = coarseNow();
      if (this.#state === 'head')
        this.#deadline.arm('first-byte', this.#requester?.firstByte ?? this.#timeouts.firstByte);
    } else if (this.#state !== 'closed') {
      this.#fail(error === 'http1.timeout.write-stall' ? 'upstream.idle-timeout' : error, cause);
    }
  }

  // ---- TransportEvents

  data(bytes: Buffer, length: number): void {
    if (this.#tunnel !== undefined) this.#tunnel.data(bytes, length);
    // An answer that nobody has asked for.
    else if (this.#state === 'free') this.destroy();
    else this.#input.receive(bytes, length);
  }

  ended(): void {
    if (this.#state === 'body' && (this.#decoder as BodyDecoder).endsWithConnection()) {
      this.#complete();
      return;
    }
    if (this.#tunnel !== undefined) this.#tunnel.ended();
    else if (this.#state !== 'head' && this.#state !== 'body') {
      this.closedWhileKept = this.#state === 'free';
      this.destroy();
    } else this.#fail(this.#receivedAny ? 'upstream.body-incomplete' : 'upstream.closed-early', undefined);
  }

  drained(): void {
    if (this.#tunnel === undefined) this.#writer.drained();
    else this.#tunnel.drained();
  }

  closed(error: NodeJS.ErrnoException | undefined): void {
    if (this.#state === 'free') this.closedWhileKept = true;
    else if (this.#state === 'head' || this.#state === 'body') this.#fail(brokenBy(error), error?.code);
    this.#state = 'closed';
    this.#deadline.release();
    this.#writer.abort('upstream.reset');
    this.#writer.release();
    this.#tunnel?.closed(error);
    this.#owner.closed(this, this.#tunnel !== undefined);
  }

  // ---- reading

  /** From the answer's body: it is asked for, has room again, or is not wanted. */
  continueBody(): void {
    if (this.#state !== 'body') return;
    if (this.#body?.demand === 'discarding') return this.#abandon();
    if (this.#lent.pending) return this.#completeLent(false);
    this.#deadline.arm('idle', this.#timeouts.idle);
    // Asked for while its head is handed over: what has come with the head leaves with it.
    if (this.#input.busy) this.#readBody();
    else this.#input.resume();
  }

  /** From the answer's body: all of it behind another head. */
  behind(head: HeadPieces): Buffer | undefined {
    const body = this.#body as IncomingBody;
    if (this.#state !== 'body' || (body.length === undefined && !this.#decoder?.isChunked)) return undefined;
    return this.#lent.lend(head, this.#input, body);
  }

  // ---- InputReader

  read(): void {
    this.#receivedAny = true;
    if (this.#held !== undefined) {
      const head = this.#held;
      this.#held = undefined;
      this.#requester?.responded(head, this.#body as IncomingBody);
    }
    while (this.#state === 'head' && this.#input.position < this.#input.end && this.#readHead());
    this.#readBody();
  }

  afterRead(): boolean {
    return this.#state === 'head' || this.#state === 'body';
  }

  /** Read one head, interim or final. False: it is not all here, or it is refused. */
  #readHead(): boolean {
    const parser = this.#parser;
    const input = this.#input;
    const after = parser.parse(input.bytes, input.position, input.end);
    if (after === NEED_MORE) {
      if (this.#requestSent) this.#deadline.arm('idle', this.#timeouts.idle);
      return false;
    }
    if (after === REFUSED) {
      this.#fail(parser.error, parser.detail);
      return false;
    }
    input.position = after;
    const head = parser.head as ResponseHead;
    const { seen, lenient } = parser;
    const switched =
      head.status === 101 || (this.#method === 'CONNECT' && head.status < 300 && head.status >= 200);
    if (switched) return this.#switch(head, seen);
    if (head.status < 200) {
      parser.reset();
      return this.#readInterim(head, seen);
    }
    const framing = this.#framing.judge(head, this.#method, seen);
    if (typeof framing === 'string') {
      this.#fail('upstream.ambiguous-framing', framing);
      return false;
    }
    this.#keepAlive = this.#framing.keepAlive;
    this.#gate?.close();
    this.#state = 'body';
    const body = new IncomingBody(framing < 0 ? undefined : framing, this);
    this.#body = body;
    this.#decoder = new BodyDecoder(framing, lenient);
    this.#deadline.arm('idle', this.#timeouts.idle);
    const requester = this.#requester as Requester;
    if (framing === 0) this.#complete();
    if (framing > 0 && input.position === input.end && requester.mayRepeat === true) this.#held = head;
    else requester.responded(head, body);
    if (framing === 0) this.#release();
    return true;
  }

  /** An interim answer ends with its head (RFC 9110 §15.2). False: the exchange has failed. */
  #readInterim(head: ResponseHead, seen: number): boolean {
    // Who reads a body behind it has another opinion of what follows (RFC 9112 §6.1, §6.3).
    if ((seen & FRAMED) !== 0) {
      this.#fail('upstream.ambiguous-framing', 'http1.framing.content-in-interim');
    } else if (++this.#interims > MOST_INTERIM) {
      this.#fail('upstream.too-many-interim', undefined);
    } else {
      if (this.#requestSent)
        this.#deadline.arm('first-byte', this.#requester?.firstByte ?? this.#timeouts.firstByte);
      else this.#deadline.clear();
      if (head.status === 100) this.#gate?.open();
      else this.#requester?.informed(head);
    }
    return this.#state === 'head';
  }

  /** What follows are the bytes of another protocol. False: of one that nobody has asked for. */
  #switch(head: ResponseHead, seen: number): boolean {
    const connect = this.#method === 'CONNECT' && head.status !== 101;
    if (!connect && (seen & FRAMED) !== 0) return this.#readInterim(head, seen);
    const protocol = connect ? undefined : (head.headers.getList('upgrade') ?? '');
    if (protocol !== undefined && (head.version === 10 || !wasAskedFor(protocol, this.#upgrade))) {
      this.#fail('upstream.unexpected-upgrade', undefined);
      return false;
    }
    const tunnel = new ClientTunnel(this.#transport, this.#timeouts.idle);
    this.#tunnel = tunnel;
    this.#state = 'tunnel';
    this.#deadline.clear();
    this.#owner.detached(this);
    this.#requester?.switched(head, tunnel.body, {
      protocol,
      open: (fromClient) => tunnel.carry(fromClient),
    });
    tunnel.take(this.#input);
    return true;
  }

  /** Hand on what has come of the body, as far as its reader takes it. */
  #readBody(): void {
    const input = this.#input;
    if (this.#state === 'body' && this.#lent.pending) this.#completeLent(true);
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

  /** `kept`: who was lent the answer has not got rid of it, and holds it while the next one is read. */
  #completeLent(kept: boolean): void {
    this.#lent.settle(kept);
    if (kept) this.#transport.replaceBuffer();
    this.#complete();
  }

  /** The answer is all here. */
  #complete(): void {
    const body = this.#body as IncomingBody;
    this.#requester = undefined;
    this.#state = 'free';
    this.#deadline.clear();
    // A request that the server did not wait for, or bytes behind the answer: whose they are nobody knows.
    if (!this.#requestSent || this.#input.waiting > 0) this.#keepAlive = false;
    body.trailers = this.#decoder?.trailers;
    // First, since the body's end may bring the client's next request. One without a body is not handed on yet.
    if (body.length !== 0) this.#release();
    body.finish();
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
    const inBody = this.#state === 'body' && this.#held === undefined;
    const silent = BROKE.has(code) && (this.#held !== undefined || !this.#receivedAny);
    this.#requester = undefined;
    this.#state = 'closed';
    this.#deadline.clear();
    this.#transport.destroy();
    if (inBody) {
      if (detail !== undefined) requester?.explained?.(detail);
      this.#body?.fail(code);
    }
    this.#writer.abort(code);
    if (!inBody) requester?.failed(code, silent, detail);
  }

  /** From the deadline. */
  expired(phase: Phase): void {
    if (phase === 'kept') this.destroy();
    else this.#fail(`upstream.${phase}-timeout`, undefined);
  }
}
