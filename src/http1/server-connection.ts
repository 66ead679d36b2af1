import { Buffer } from 'node:buffer';
import type { ErrorCode } from '../core/errors.ts';
import { type BodySource, emptyBody, type HeadPieces, TEXT_LIMIT } from '../http/body.ts';
import type { RequestHead } from '../http/head.ts';
import type { Response, Tunnel } from '../http/response.ts';
import { acceptsTrailers } from '../http/te.ts';
import type { Transport, TransportEvents } from '../net/transport.ts';
import {
  abandonReady,
  bodyText,
  encodeInterimHead,
  encodeResponseHead,
  headInPieces,
  readyMessage,
  responseBodyMode,
} from './encode-response-head.ts';
import { wantsKeepAlive } from './framing.ts';
import { HalfClose } from './half-close.ts';
import type { IncomingBody } from './incoming-body.ts';
import { Linger } from './linger.ts';
import { type BodyMode, MessageWriter, type MessageWriterOwner } from './message-writer.ts';
import { RequestReader, type RequestReaderOwner } from './request-reader.ts';
import type { Refusal, ServerConnectionOptions, ServerConnectionOwner } from './server-connection-owner.ts';
import { nextStep, type Writing } from './state.ts';

/** Logged for an exchange whose client went before it was answered; nobody receives it. */
const CLIENT_GONE = 499;

/**
 * One client connection: its requests are read (request-reader.ts), each is handed to the owner, and the answers are
 * written in order (message-writer.ts). Where it stands is reading × writing × keep-alive (state.ts); this file is where
 * the two halves meet, and performs the effects.
 */
export class ServerConnection implements TransportEvents, RequestReaderOwner, MessageWriterOwner {
  readonly #owner: ServerConnectionOwner;
  readonly #options: ServerConnectionOptions;
  #transport!: Transport;
  #reader!: RequestReader;
  #writer!: MessageWriter;
  #writing: Writing = 'idle';
  #keepAlive = true;
  /** The request that is being answered. */
  #head: RequestHead | undefined = undefined;
  /** The answer under way, and what a tunnel has sent when that half is closed. */
  #status = 0;
  #error: ErrorCode | undefined = undefined;
  #bytes = 0;
  /** Requests so far. */
  #served = 0;
  /** The client sends no more: it may have gone. */
  #halfClose: HalfClose | undefined = undefined;
  /** Our last word is said. */
  #lingering: Linger | undefined = undefined;
  /** Why the connection is gone, where it was not for us to say: the client has left. */
  #goneBecause: ErrorCode = 'client.gone';
  #closing = false;
  #closed = false;

  constructor(owner: ServerConnectionOwner, options: ServerConnectionOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  /** Begin, once the transport is there. */
  attach(transport: Transport): void {
    this.#transport = transport;
    const { timeouts, limits } = this.#options;
    this.#writer = new MessageWriter(transport, timeouts.writeStall, limits.minDataRate, this);
    this.#reader = new RequestReader(this, this.#options, transport);
  }

  /** Whether no exchange is under way. */
  get idle(): boolean {
    return this.#writing === 'idle' && this.#reader.atStart;
  }

  /** Close behind the exchange under way, or else the next one: the server stops. */
  drain(): void {
    this.#closing = true;
    this.#keepAlive = false;
  }

  /** Close now if no exchange is under way. */
  closeIdle(): void {
    if (this.idle) this.#linger();
  }

  /** Close at once, whatever is under way; `because` stands in the log for what that breaks off. */
  destroy(because: ErrorCode = 'client.gone'): void {
    this.#goneBecause = because;
    this.#transport.destroy();
  }

  /** Answer the present request. */
  respond(response: Response): void {
    if (this.#closed || this.#writing !== 'answering') {
      if (response.body !== null && !Buffer.isBuffer(response.body)) response.body.cancel();
      return;
    }
    const reader = this.#reader;
    if (response.tunnel !== undefined) {
      this.#openTunnel(response, response.tunnel);
      return;
    }
    // The rest of a body is read away where that is little and nobody's, else the connection ends (RFC 9112 §9.3, §9.6).
    if (reader.reading === 'body' && (reader.body?.claimed || !reader.restIsSmall)) this.#keepAlive = false;
    this.#send(response);
    if (!reader.busy) this.#writer.flush();
  }

  /**
   * Send an interim answer (1xx, RFC 9110 §15.2) before the final one. Clients of HTTP/1.0 know none, and nobody gets
   * one in the middle of an answer: then it is dropped.
   */
  inform(interim: Response): void {
    if (this.#closed || this.#writing !== 'answering' || !this.#writer.idle) return;
    if (this.#head?.version === 11) this.#writer.sendInterim(encodeInterimHead(interim));
  }

  /** From here on the connection speaks another protocol (RFC 9110 §7.8, §9.3.6), of which we only pass on the bytes. */
  #openTunnel(response: Response, tunnel: Tunnel): void {
    // The request has to be over: what follows it would be taken for the rest of its body.
    if (this.#reader.reading !== 'complete') {
      if (response.body !== null && !Buffer.isBuffer(response.body)) response.body.cancel();
      this.respond(this.#owner.replaced('internal.failure'));
      return;
    }
    const inward = this.#reader.tunnel();
    this.#send(response);
    tunnel.open(inward);
    this.#writer.flush();
  }

  // ---- TransportEvents

  data(bytes: Buffer, length: number): void {
    if (this.#lingering === undefined) this.#reader.receive(bytes, length);
    else this.#lingering.heard();
  }

  ended(): void {
    if (this.#lingering) {
      this.#transport.destroy();
      return;
    }
    this.#reader.ended();
    if (this.#lingering === undefined) this.#halfClose = new HalfClose(this);
  }

  drained(): void {
    this.#writer.drained();
    this.#lingering?.drained();
    if (this.#writing === 'idle' && this.#lingering === undefined) this.#reader.resume();
  }

  closed(_error: NodeJS.ErrnoException | undefined): void {
    this.#closed = true;
    this.#reader.closed(this.#goneBecause);
    this.#halfClose?.release();
    this.#lingering?.release();
    if (this.#writing === 'answering') {
      this.#owner.aborted();
      if (this.#writer.idle) this.#finished(CLIENT_GONE, 0, this.#goneBecause);
      else this.#writer.abort(this.#goneBecause, true);
    } else if (this.#writing === 'half-closed') {
      this.#owner.aborted();
      this.#finished(this.#status, this.#bytes, this.#goneBecause);
    }
    this.#writer.release();
    this.#owner.closed();
  }

  // ---- RequestReaderOwner

  hasRoom(): boolean {
    return this.#writer.hasRoom();
  }

  requested(head: RequestHead, seen: number, body: IncomingBody | undefined): void {
    const { requestsPerConnection } = this.#options.limits;
    this.#head = head;
    // A CONNECT that is refused ends the connection: bytes meant for its tunnel are no requests (RFC 9931 §8).
    this.#keepAlive =
      !this.#closing &&
      head.form !== 'authority' &&
      wantsKeepAlive(head.version, head.headers, seen) &&
      ++this.#served !== requestsPerConnection;
    this.#writing = 'answering';
    this.#owner.request(head, body ?? emptyBody);
  }

  /** Answer what is no servable request, then close. The answers before it are already on their way. */
  refused(refusal: Refusal): void {
    const { head } = refusal;
    this.#keepAlive = false;
    this.#writing = 'answering';
    this.#head = head;
    this.#send(this.#owner.refused(refusal), head?.method ?? refusal.line?.method);
    if (!this.#reader.busy) this.#writer.flush();
  }

  breaking(): void {
    this.#keepAlive = false;
  }

  completed(error: ErrorCode | undefined): void {
    if (this.#writing === 'half-closed') {
      this.#writing = 'complete';
      this.#finished(this.#status, this.#bytes, error);
    }
    this.#advance();
  }

  sendContinue(): void {
    this.#writer.sendInterim('HTTP/1.1 100 Continue\r\n\r\n');
  }

  paused(): void {
    this.#writer.flush();
  }

  exhausted(): void {
    this.#linger();
  }

  tunnelBroken(error: ErrorCode): void {
    if (this.#writing === 'answering') {
      this.#writer.abort(error);
    } else if (this.#writing === 'half-closed') {
      this.#writing = 'complete';
      this.#owner.aborted();
      this.#finished(this.#status, this.#bytes, error);
      this.#transport.reset();
    }
  }

  silentFor(): number {
    return this.#writer.silentFor();
  }

  // ---- writing

  /** A request whose head was refused has none: it is answered as the simplest of its method would be. */
  #send(response: Response, method = this.#head?.method ?? 'GET'): void {
    const version = this.#head?.version ?? 11;
    let mode = responseBodyMode(response, method, version);
    if (mode === 'chunked' && this.#head !== undefined && acceptsTrailers(this.#head.headers)) {
      mode = 'chunked-trailers';
    }
    if (mode === 'until-close' || mode === 'tunnel') this.#keepAlive = false;
    // An interim answer would stand in the middle of the final one (RFC 9110 §15.2).
    this.#reader.expectsContinue = false;
    this.#status = response.status;
    this.#error = response.error;
    const { serverHeader } = this.#options;
    const { requestId } = this.#owner;
    const { body } = response;
    const whole = wholeLength(response, mode);
    if (whole !== -1 && version === 11 && this.#sendReady(response, whole)) return;
    const pieces = version === 11 ? this.#headInPieces(response, mode) : undefined;
    if (pieces !== undefined && this.#writer.sendInOne(pieces, body as BodySource)) return;
    const head =
      pieces?.join('') ??
      encodeResponseHead(response, mode, version, requestId, this.#keepAlive, serverHeader);
    const writer = this.#writer;
    if (whole === -1) writer.send(head, mode, body);
    else writer.sendText(head + bodyText(response, serverHeader), whole);
  }

  /** Send a whole answer as it lies there. False: it has to leave together with others, or it is not quite the same. */
  #sendReady(response: Response, bodyLength: number): boolean {
    if (!this.#keepAlive || this.#reader.hasMore || !this.#writer.empty) return false;
    const bytes = readyMessage(response, this.#options.serverHeader).bytesFor(this.#owner.requestId);
    if (bytes === undefined) return false;
    if (!this.#writer.sendBytes(bytes, bodyLength)) abandonReady(response);
    return true;
  }

  /** The head, for a body that may have it put before it. Undefined where it has none, or the answer has to leave together with others. */
  #headInPieces(response: Response, mode: BodyMode): HeadPieces | undefined {
    const isBody = mode === 'counted' || mode === 'chunked';
    if (!isBody || (response.body as BodySource).flowBehind === undefined) return undefined;
    if (!this.#keepAlive || this.#reader.hasMore || !this.#writer.empty) return undefined;
    return headInPieces(response, mode, this.#owner.requestId, this.#options.serverHeader);
  }

  /** From the writer: the answer's last byte left, or it broke off. */
  written(bytes: number, error: ErrorCode | undefined, unbegun: boolean, cause?: string): void {
    if (error !== undefined && unbegun && !this.#closed) {
      this.#send(this.#owner.replaced(error, cause));
      return;
    }
    if (error === undefined && this.#reader.reading === 'tunnel') {
      // The other half of the tunnel goes on.
      this.#writing = 'half-closed';
      this.#bytes = bytes;
      this.#transport.end();
      return;
    }
    this.#writing = 'complete';
    this.#finished(this.#status, bytes, error ?? this.#error, cause);
    if (this.#closed) return;
    if (error === undefined) this.#advance();
    // Only a reset tells a client that what it got is not all, where the connection's end would be the body's.
    else this.#transport.reset();
  }

  #finished(status: number, bytes: number, error: ErrorCode | undefined, cause?: string): void {
    this.#owner.finished(status, bytes, error, this.#reader.errorAt, cause);
  }

  #advance(): void {
    const reader = this.#reader;
    switch (nextStep(reader.reading, this.#writing, this.#keepAlive)) {
      case 'wait':
        break;
      case 'next-request':
        this.#writing = 'idle';
        this.#head = undefined;
        reader.next();
        break;
      case 'discard-body': {
        const body = reader.body as IncomingBody;
        if (body.claimed || !reader.restIsSmall) this.#linger();
        else body.cancel();
        break;
      }
      case 'linger':
        this.#linger();
        break;
    }
  }

  /** From the half-closed client's deadline. */
  sendAhead(): boolean {
    return this.#writing === 'answering' && this.#writer.sendAhead();
  }

  /** Say that no more will come, and read on until the client closes too. */
  #linger(): void {
    if (this.#lingering !== undefined) return;
    this.#halfClose?.release();
    this.#writer.flush();
    this.#lingering = new Linger(this.#transport);
    this.#reader.stop();
  }
}

/** Length of the body of an answer that is sent many times and may be kept as one piece; -1 for any other. */
function wholeLength({ reusable, original, body }: Response, mode: BodyMode): number {
  if (!reusable || original !== undefined) return -1;
  if (body === null) return 0;
  return mode === 'whole' && Buffer.isBuffer(body) && body.length <= TEXT_LIMIT ? body.length : -1;
}
