import { Deadline } from '../core/deadline.ts';
import { DreamError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { BodySink, BodySource } from '../http/body.ts';
import type { HttpVersion } from '../http/head.ts';
import type { Response } from '../http/response.ts';
import type { Transport } from '../net/transport.ts';
import { encodeResponseHead } from './response-head.ts';
import type { ResponseBodyMode } from './response-head.ts';

/** Pieces up to this size are copied behind the head and leave in the same write; larger ones are written from where they are. */
const COPY_LIMIT = 8 * 1024;

/** Answers that gather for one write, in bytes. */
const GATHER_LIMIT = 64 * 1024;

/** Called when an answer is over: `bytes` of its body were sent, `error` when it broke off. */
type Finished = (bytes: number, error: ErrorCode | undefined) => void;

/**
 * Writes one connection's answers, one after the other, with as few system calls as it can: what is small gathers in
 * `#out` until `flush`, so that a head and its body, or the answers to pipelined requests, leave together.
 */
export class ResponseWriter implements BodySink {
  status = 0;
  /** The answer broke off after its head had left: only closing tells the client. */
  broken = false;
  readonly #transport: Transport;
  readonly #stall: Deadline<'write-stall'>;
  readonly #stallTimeout: number;
  readonly #serverLine: string;
  readonly #finished: Finished;
  #out = '';
  #mode: ResponseBodyMode = 'none';
  #source: BodySource | undefined = undefined;
  #sent = 0;
  #expected = 0;
  /** `send` is on the stack: what comes now can wait for the flush behind it. */
  #gathering = false;
  #state: 'idle' | 'sending' | 'ending' = 'idle';
  #error: ErrorCode | undefined = undefined;

  constructor(transport: Transport, stallTimeout: number, serverHeader: string | undefined, finished: Finished) {
    this.#transport = transport;
    this.#stallTimeout = stallTimeout;
    this.#serverLine = serverHeader === undefined ? '' : `Server: ${serverHeader}\r\n`;
    this.#finished = finished;
    this.#stall = new Deadline(() => this.#stalledTooLong());
  }

  /** Whether the last answer is all written. */
  get idle(): boolean {
    return this.#state === 'idle';
  }

  /** Whether another answer may be begun: the client takes what it has asked for. */
  hasRoom(): boolean {
    if (this.#out.length > GATHER_LIMIT) this.flush();
    return this.#transport.pending === 0;
  }

  /** Begin an answer; the bytes leave with the next `flush` at the latest. */
  send(response: Response, mode: ResponseBodyMode, version: HttpVersion, requestId: string, keepAlive: boolean): void {
    this.status = response.status;
    this.broken = false;
    this.#mode = mode;
    this.#sent = 0;
    this.#error = response.error;
    this.#state = 'sending';
    this.#out += encodeResponseHead(response, mode, version, requestId, keepAlive, this.#serverLine);
    const { body } = response;
    if (mode === 'none' || body === null) {
      if (body !== null && !Buffer.isBuffer(body)) body.cancel();
      this.#end();
    } else if (Buffer.isBuffer(body)) {
      if (body.length > 0) this.#sendWhole(body);
      this.#end();
    } else {
      this.#source = body;
      this.#expected = body.length ?? -1;
      this.#gathering = true;
      body.flow(this);
      this.#gathering = false;
    }
  }

  /** `100 Continue` (RFC 9110 §15.2.1), at once. */
  continue100(): void {
    this.#out += 'HTTP/1.1 100 Continue\r\n\r\n';
    this.flush();
  }

  /** Hand what has gathered to the system. */
  flush(): void {
    if (this.#out === '') return;
    const out = this.#out;
    this.#out = '';
    if (!this.#transport.write(out)) this.#stalled();
  }

  // ---- BodySink

  data(chunk: Buffer): boolean {
    this.#sent += chunk.length;
    if (this.#mode === 'counted' && this.#sent > this.#expected) {
      this.#sent -= chunk.length;
      this.#source?.cancel();
      this.fail(new DreamError('internal.failure'));
      return false;
    }
    const head = this.#mode === 'chunked' ? `${this.#out}${chunk.length.toString(16)}\r\n` : this.#out;
    const tail = this.#mode === 'chunked' ? '\r\n' : '';
    if (chunk.length <= COPY_LIMIT) {
      this.#out = head + chunk.toString('latin1') + tail;
      if (!this.#gathering) this.flush();
      return this.#transport.pending === 0;
    }
    this.#out = '';
    const taken = head === '' && tail === '' ? this.#transport.write(chunk) : this.#transport.writeBoth(head, chunk, tail);
    if (!taken) this.#stalled();
    return taken;
  }

  end(): void {
    this.#source = undefined;
    if (this.#mode === 'counted' && this.#sent !== this.#expected) {
      this.fail(new DreamError('internal.failure'));
      return;
    }
    if (this.#mode === 'chunked') this.#out += '0\r\n\r\n';
    this.#end();
    if (!this.#gathering) this.flush();
  }

  fail(error: DreamError): void {
    this.#source = undefined;
    this.abort(error.code);
  }

  // ---- effects

  /** From the transport: all that was written has been taken. */
  drained(): void {
    this.#stall.clear();
    if (this.#state === 'ending') this.#finish();
    else this.#source?.resume();
  }

  /** The answer breaks off. */
  abort(code: ErrorCode): void {
    if (this.#state === 'idle') return;
    const source = this.#source;
    this.#source = undefined;
    this.#out = '';
    this.broken = true;
    this.#error = code;
    source?.cancel();
    this.#finish();
  }

  /** The connection has gone. */
  release(): void {
    this.#stall.release();
  }

  #sendWhole(body: Buffer): void {
    this.#sent = body.length;
    if (body.length <= COPY_LIMIT) {
      this.#out += body.toString('latin1');
      return;
    }
    const out = this.#out;
    this.#out = '';
    if (!this.#transport.writeBoth(out, body, '')) this.#stalled();
  }

  /** All of the answer is written; it is over when the system has taken it. */
  #end(): void {
    this.#state = 'ending';
    if (this.#transport.pending === 0) this.#finish();
  }

  #finish(): void {
    this.#state = 'idle';
    this.#stall.clear();
    this.#finished(this.#sent, this.#error);
  }

  #stalled(): void {
    this.#stall.arm('write-stall', this.#stallTimeout);
  }

  #stalledTooLong(): void {
    this.abort('http1.timeout.write-stall');
  }
}
