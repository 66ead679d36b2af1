import { Deadline } from '../core/deadline.ts';
import type { ErrorCode } from '../core/errors.ts';
import { sharedReadBuffer } from '../core/read-buffer.ts';
import { emptyBody } from '../http/body.ts';
import type { HttpVersion, RequestHead } from '../http/head.ts';
import type { Response } from '../http/response.ts';
import type { Transport, TransportEvents } from '../net/transport.ts';
import { BodyDecoder } from './body-decoder.ts';
import { CR, LF } from './chars.ts';
import { expectsContinue } from './expectation.ts';
import { NEED_MORE, REFUSED } from './field-section.ts';
import { CHUNKED, requestFraming, wantsKeepAlive } from './framing.ts';
import { IncomingBody } from './incoming-body.ts';
import { giveParser, takeParser, type RequestHeadParser, type RequestLine } from './parse-request-head.ts';
import { Linger } from './linger.ts';
import { ConnectionInput, type InputReader } from './connection-input.ts';
import { bodyText, encodeResponseHead, responseBodyMode } from './encode-response-head.ts';
import { COPY_LIMIT, MessageWriter, type MessageWriterOwner } from './message-writer.ts';
import type { ServerConnectionOptions, ServerConnectionOwner } from './server-connection-owner.ts';
import { nextStep, type Reading, type Writing } from './state.ts';

type ReadPhase = 'headers' | 'keep-alive' | 'body-idle';

/** A request body that nobody wanted is read away up to this many bytes; past it, closing is cheaper. */
const DISCARD_LIMIT = 64 * 1024;
/** Logged for an exchange whose client went before it was answered; nobody receives it. */
const CLIENT_GONE = 499;
/** Pipelined bytes that may wait for their turn before reading pauses. */
const PIPELINE_LIMIT = 64 * 1024;

/**
 * One client connection: parses requests, hands each to its owner, and writes the answers in order. Where it stands
 * is reading × writing × keep-alive (state.ts); this file performs the effects.
 */
export class ServerConnection implements TransportEvents, InputReader, MessageWriterOwner {
  readonly #owner: ServerConnectionOwner;
  readonly #options: ServerConnectionOptions;
  #transport!: Transport;
  /** There while a head is being read. */
  #parser: RequestHeadParser | undefined = undefined;
  #writer!: MessageWriter;
  /** The answer under way. */
  #status = 0;
  #error: ErrorCode | undefined = undefined;
  readonly #deadline: Deadline<ReadPhase>;
  #reading: Reading = 'head';
  #writing: Writing = 'idle';
  #keepAlive = true;
  #head: RequestHead | undefined = undefined;
  #body: IncomingBody | undefined = undefined;
  #decoder: BodyDecoder | undefined = undefined;
  /** The client waits for `100 Continue` before it sends its body. */
  #expectsContinue = false;
  #input!: ConnectionInput;
  #inputEnded = false;
  /** Our last word is said. */
  #lingering: Linger | undefined = undefined;
  #closing = false;
  #closed = false;

  constructor(owner: ServerConnectionOwner, options: ServerConnectionOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#deadline = new Deadline((phase) => this.#timedOut(phase));
  }

  /** Begin, once the transport is there. */
  attach(transport: Transport): void {
    this.#transport = transport;
    const { timeouts } = this.#options;
    this.#input = new ConnectionInput(this, transport);
    this.#writer = new MessageWriter(transport, timeouts.writeStall, this);
    this.#deadline.arm('headers', timeouts.headers);
  }

  /** Whether no exchange is under way. */
  get idle(): boolean {
    return this.#writing === 'idle' && this.#atStart;
  }

  /** Finish the exchange under way, if any, then close: the server stops. */
  drain(): void {
    this.#closing = true;
    this.#keepAlive = false;
    if (this.idle) this.#linger();
  }

  /** Close at once, whatever is under way. */
  destroy(): void {
    this.#transport.destroy();
  }

  /** Answer the present request. */
  respond(response: Response): void {
    if (this.#closed || this.#writing !== 'answering') {
      if (response.body !== null && !Buffer.isBuffer(response.body)) response.body.cancel();
      return;
    }
    const head = this.#head as RequestHead;
    if (this.#reading === 'body' && !this.#body?.claimed && !this.#restIsSmall()) this.#keepAlive = false;
    this.#send(response, head.method, head.version);
    if (!this.#input.busy) this.#writer.flush();
  }

  // ---- TransportEvents

  data(bytes: Buffer, length: number): void {
    if (this.#lingering === undefined) this.#input.receive(bytes, length);
    else this.#lingering.heard();
  }

  ended(): void {
    this.#inputEnded = true;
    if (this.#lingering) this.#transport.destroy();
    else this.#afterInputEnd();
  }

  drained(): void {
    this.#writer.drained();
    if (this.#writing === 'idle' && this.#lingering === undefined) this.#input.resume();
  }

  closed(_error: NodeJS.ErrnoException | undefined): void {
    this.#closed = true;
    this.#deadline.release();
    this.#lingering?.release();
    if (this.#reading === 'body') this.#body?.fail('client.gone');
    if (this.#writing === 'answering') {
      this.#owner.aborted();
      if (this.#writer.idle) this.#owner.finished(CLIENT_GONE, 0, 'client.gone');
      else this.#writer.abort('client.gone');
    }
    this.#writer.release();
    this.#owner.closed();
  }

  // ---- reading

  /** The request body's reader is there, has room again, or has gone. */
  continueBody(): void {
    const { demand } = this.#body as IncomingBody;
    if (!this.#usable) return;
    if (demand === 'flowing' && this.#expectsContinue) {
      this.#expectsContinue = false;
      if (this.#input.waiting === 0) this.#writer.sendInterim('HTTP/1.1 100 Continue\r\n\r\n');
    }
    if (this.#reading !== 'body') return;
    this.#deadline.arm('body-idle', this.#options.timeouts.bodyIdle);
    // Asked for while the request is handed over: what has come with the head goes on with it.
    if (this.#input.busy) this.#readBody();
    else this.#input.resume();
  }

  // ---- InputReader

  read(): void {
    const input = this.#input;
    while (input.position < input.end && this.#usable) {
      const before = input.position;
      if (this.#reading === 'head') this.#readHead();
      else this.#readBody();
      if (input.position === before) break;
    }
    if (this.#writing !== 'idle' && input.end - input.position > PIPELINE_LIMIT) input.pause();
    this.#writer.flush();
    this.#afterInputEnd();
  }

  afterRead(): boolean {
    return this.#usable;
  }

  /** Whether the next byte would be a request's first. */
  get #atStart(): boolean {
    return this.#parser === undefined || this.#parser.atStart;
  }

  get #usable(): boolean {
    return this.#lingering === undefined && !this.#closed;
  }

  /** Where the client will send no more: what is due to it is still answered, then the connection ends. */
  #afterInputEnd(): void {
    if (!this.#inputEnded || !this.#usable) return;
    const usedUp = this.#input.waiting === 0;
    if (this.#reading === 'body') {
      if (usedUp) this.#breakBody('http1.body.incomplete');
    } else if (this.#writing === 'idle') {
      if (!this.#atStart) this.#refuse('http1.head.incomplete');
      else if (usedUp || this.#writer.hasRoom()) this.#linger();
    }
  }

  #readHead(): void {
    const parser = (this.#parser ??= takeParser(this.#options.limits));
    const input = this.#input;
    const { bytes, position, end } = input;
    if (parser.atStart) {
      if (!this.#writer.hasRoom()) return this.#input.pause();
      // An empty line before a request is passed over (RFC 9112 §2.2).
      if (bytes[position] === CR && (position + 1 === end || bytes[position + 1] === LF)) {
        if (position + 1 < end) input.position += 2;
        return;
      }
      this.#deadline.arm('headers', this.#options.timeouts.headers);
    }
    const after = parser.parse(bytes, position, end);
    if (after === NEED_MORE) return;
    if (after === REFUSED) {
      return this.#refuse(parser.error, undefined, parser.requestLine(bytes, position));
    }
    input.position = after;
    const { head, seen } = parser;
    this.#parser = undefined;
    giveParser(parser);
    this.#begin(head as RequestHead, seen);
  }

  #begin(head: RequestHead, seen: number): void {
    const framing = requestFraming(head.version, head.headers, seen);
    if (typeof framing === 'string') return this.#refuse(framing, head);
    if (framing > this.#options.limits.bodyBytes) return this.#refuse('http1.body.too-large', head);
    const waits = expectsContinue(head, seen);
    if (waits === undefined) return this.#refuse('http1.expectation.unknown', head);
    this.#expectsContinue = waits && framing !== 0;
    this.#head = head;
    this.#keepAlive = !this.#closing && wantsKeepAlive(head.version, head.headers, seen);
    this.#writing = 'answering';
    this.#deadline.clear();
    if (framing === 0) {
      this.#reading = 'complete';
      this.#body = undefined;
      this.#owner.request(head, emptyBody);
    } else {
      this.#reading = 'body';
      this.#decoder = new BodyDecoder(framing);
      this.#body = new IncomingBody(framing === CHUNKED ? undefined : framing, this);
      this.#owner.request(head, this.#body);
    }
  }

  /** Hand on what has come of the body, as far as its reader takes it. */
  #readBody(): void {
    const input = this.#input;
    if (this.#reading !== 'body' || input.position === input.end) return;
    const body = this.#body as IncomingBody;
    if (body.demand === 'unclaimed' || body.demand === 'stalled') return input.pause();
    const decoder = this.#decoder as BodyDecoder;
    const { bytes } = input;
    const decoded = decoder.decode(bytes, input.position, input.end);
    if (decoded === 'refused') return this.#breakBody(decoder.error);
    if (decoder.received > this.#options.limits.bodyBytes) return this.#breakBody('http1.body.too-large');
    input.position = decoder.position;
    if (decoded === 'more') this.#deadline.arm('body-idle', this.#options.timeouts.bodyIdle);
    let taken = true;
    if (decoder.dataEnd > decoder.dataStart && body.demand === 'flowing') {
      let chunk = bytes.subarray(decoder.dataStart, decoder.dataEnd);
      if (bytes === sharedReadBuffer) {
        // Other connections read into it while the sink may still hold the chunk: this body goes on in a buffer of its own.
        const own = this.#transport.holdBuffer();
        chunk = own.subarray(0, chunk.copy(own));
      }
      taken = body.push(chunk);
      if (!this.#usable) return;
    }
    if (decoded === 'end') {
      this.#reading = 'complete';
      this.#deadline.clear();
      this.#transport.releaseBuffer(!taken);
      body.trailers = decoder.trailers;
      body.finish();
      this.#advance();
    } else if (!taken) {
      // The chunk stays lent: what it lies in is not for another connection to read into.
      this.#transport.holdBuffer();
      this.#deadline.clear();
      this.#input.pause();
    }
  }

  /** The body breaks off or breaks a rule: its reader hears of it, and the connection cannot go on. */
  #breakBody(code: ErrorCode): void {
    this.#keepAlive = false;
    this.#reading = 'complete';
    this.#deadline.clear();
    this.#transport.releaseBuffer(true);
    this.#body?.fail(code);
    this.#advance();
  }

  /** Answer what is no servable request, then close. The answers before it are already on their way. */
  #refuse(code: ErrorCode, head?: RequestHead, line?: RequestLine): void {
    this.#keepAlive = false;
    this.#reading = 'complete';
    this.#writing = 'answering';
    this.#deadline.clear();
    this.#head = head ?? this.#head;
    const response = this.#owner.refused(code, head, line);
    this.#send(response, head?.method ?? 'GET', 11);
    if (!this.#input.busy) this.#writer.flush();
  }

  /** Whether the rest of a body that nobody reads is little enough to be read away. */
  #restIsSmall(): boolean {
    const { length } = this.#body as IncomingBody;
    return !this.#expectsContinue && length !== undefined && length <= DISCARD_LIMIT;
  }

  // ---- writing

  #send(response: Response, method: string, version: HttpVersion): void {
    const mode = responseBodyMode(response, method, version);
    if (mode === 'until-close') this.#keepAlive = false;
    // An interim answer would stand in the middle of the final one (RFC 9110 §15.2).
    this.#expectsContinue = false;
    this.#status = response.status;
    this.#error = response.error;
    const { serverHeader } = this.#options;
    const { requestId } = this.#owner;
    const head = encodeResponseHead(response, mode, version, requestId, this.#keepAlive, serverHeader);
    const { body } = response;
    if (mode === 'whole' && response.reusable && Buffer.isBuffer(body) && body.length <= COPY_LIMIT) {
      this.#writer.sendText(head + bodyText(response, serverHeader), body.length);
    } else {
      this.#writer.send(head, mode, body);
    }
  }

  /** From the writer: the answer's last byte left, or it broke off. */
  written(bytes: number, error: ErrorCode | undefined, unbegun: boolean): void {
    if (error !== undefined && unbegun && !this.#closed) {
      const head = this.#head as RequestHead;
      this.#send(this.#owner.replaced(error), head.method, head.version);
      return;
    }
    this.#writing = 'complete';
    this.#owner.finished(this.#status, bytes, error ?? this.#error);
    if (this.#closed) return;
    if (error === undefined) this.#advance();
    // Only a reset tells a client that what it got is not all, where the connection's end would be the body's.
    else this.#transport.reset();
  }

  #advance(): void {
    switch (nextStep(this.#reading, this.#writing, this.#keepAlive)) {
      case 'wait':
        break;
      case 'next-request':
        this.#nextRequest();
        break;
      case 'discard-body': {
        const body = this.#body as IncomingBody;
        if (body.claimed || !this.#restIsSmall()) this.#linger();
        else body.cancel();
        break;
      }
      case 'linger':
        this.#linger();
        break;
    }
  }

  #nextRequest(): void {
    this.#reading = 'head';
    this.#writing = 'idle';
    this.#head = undefined;
    this.#body = undefined;
    this.#decoder = undefined;
    this.#deadline.arm('keep-alive', this.#options.timeouts.keepAlive);
    if (this.#input.busy) return;
    this.#input.resume();
    this.#afterInputEnd();
  }

  /** Say that no more will come, and read on until the client closes too. */
  #linger(): void {
    if (this.#lingering !== undefined) return;
    this.#writer.flush();
    this.#deadline.clear();
    this.#lingering = new Linger(this.#transport);
    this.#input.resume();
  }

  #timedOut(phase: ReadPhase): void {
    switch (phase) {
      case 'keep-alive':
        this.#linger();
        break;
      case 'headers':
        if (this.#atStart) this.#linger();
        else this.#refuse('http1.timeout.headers');
        break;
      case 'body-idle':
        this.#breakBody('http1.timeout.body');
        break;
    }
  }
}
