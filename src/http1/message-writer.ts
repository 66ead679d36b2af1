import { Buffer } from 'node:buffer';
import { latin1 } from '../core/latin1.ts';
import { coarseNow, Deadline } from '../core/deadline.ts';
import { systemCodeOf } from '../core/errors.ts';
import type { DreamError, ErrorCode } from '../core/errors.ts';
import { COPY_LIMIT, type Body, type BodySink, type BodySource, type HeadPieces } from '../http/body.ts';
import { trailerLines } from '../http/trailers.ts';
import type { Transport } from '../net/transport.ts';

/** How the bytes of a body are delimited on the wire. */
export type BodyMode =
  /** There are none, or the message cannot have any: HEAD, 1xx, 204, 304. */
  | 'none'
  /** All here, with Content-Length. */
  | 'whole'
  /** They come, and Content-Length says how many. */
  | 'counted'
  /** They come in chunks. */
  | 'chunked'
  /** The same, and who reads them takes trailer fields (RFC 9110 §6.5). */
  | 'chunked-trailers'
  /** They come, and the end of the connection is their end: answers to HTTP/1.0. */
  | 'until-close'
  /** They are another protocol's, and their end is that of this half of the connection. */
  | 'tunnel';

/** Messages that gather for one write, in bytes. */
const GATHER_LIMIT = 64 * 1024;
/** How every answer begins, interim and final ones. */
const BEGINNING = 'HTTP/1.1 ';

/** Who waits for a message to be over. */
export interface MessageWriterOwner {
  /**
   * `bytes` of its body were sent. `error`: it broke off; `unbegun`: before anything of it had left, so that another
   * can be sent in its place; `cause`: what the system calls the reason.
   */
  written(bytes: number, error: ErrorCode | undefined, unbegun: boolean, cause?: string): void;
}

/**
 * Writes one connection's messages, one after the other, with as few system calls as it can: what is small gathers in
 * `#out` until `flush`, so that a head and its body, or the answers to pipelined requests, leave together.
 */
export class MessageWriter implements BodySink {
  readonly #transport: Transport;
  readonly #owner: MessageWriterOwner;
  /** Made with the first stall: most connections never know one. */
  #stall: Deadline<'write-stall'> | undefined = undefined;
  readonly #stallTimeout: number;
  readonly #minDataRate: number;
  #out = '';
  /** Where the present message begins in `#out`; -1 when a part of it has left. */
  #begin = 0;
  /** How much of `BEGINNING` has gone ahead of the answer that comes next. */
  #ahead = 0;
  #mode: BodyMode = 'none';
  #chunked = false;
  #source: BodySource | undefined = undefined;
  #sent = 0;
  /** What was unsent when the stall was last looked at. */
  #unsent = 0;
  /** What the other side had not taken when the system was asked. */
  #outstanding: number | undefined = undefined;
  #expected = 0;
  /** When a tunnel last had something to send. */
  #lastSentAt = 0;
  /** `send` is on the stack: what comes now can wait for the flush behind it. */
  #gathering = false;
  #state: 'idle' | 'sending' | 'ending' = 'idle';

  /**
   * `stallTimeout`: how long the other side may take nothing of what waits for it, in milliseconds; 0 for ever.
   * `minDataRate`: how many bytes a second it has to take of it in that time; 0 for one byte at all.
   */
  constructor(transport: Transport, stallTimeout: number, minDataRate: number, owner: MessageWriterOwner) {
    this.#transport = transport;
    this.#owner = owner;
    this.#stallTimeout = stallTimeout;
    this.#minDataRate = minDataRate;
  }

  /** Whether the last message is all written. */
  get idle(): boolean {
    return this.#state === 'idle';
  }

  /** Whether another message may be begun: the other side takes what it has been sent. */
  hasRoom(): boolean {
    if (this.#out.length > GATHER_LIMIT) this.flush();
    return this.#transport.pending === 0;
  }

  /** Begin a message; its first bytes leave with the next `flush` at the latest. A body that `mode` forbids is cancelled. */
  send(head: string, mode: BodyMode, body: Body): void {
    this.#mode = mode;
    this.#chunked = mode === 'chunked' || mode === 'chunked-trailers';
    this.#sent = 0;
    this.#state = 'sending';
    this.#begin = this.#out.length;
    this.#out += head;
    if (mode === 'none' || body === null) {
      if (body !== null && !Buffer.isBuffer(body)) body.cancel();
      this.#end();
    } else if (Buffer.isBuffer(body)) {
      this.#sendWhole(body);
      this.#end();
    } else {
      this.#source = body;
      this.#expected = body.length ?? -1;
      this.#gathering = true;
      body.flow(this);
      this.#gathering = false;
    }
  }

  /** For how many milliseconds a tunnel has had nothing to send. */
  silentFor(): number {
    return coarseNow() - this.#lastSentAt;
  }

  /** Send a message that is all there, as one text whose last `bodyLength` characters are its body. */
  sendText(message: string, bodyLength: number): void {
    this.#begin = this.#out.length;
    this.#mode = 'whole';
    this.#sent = bodyLength;
    this.#out += message;
    this.#end();
  }

  /** Nothing waits here for the next message to leave with it. */
  get empty(): boolean {
    return this.#out === '' && this.#ahead === 0;
  }

  /**
   * Send a message that is all there, as bytes whose last `bodyLength` are its body, while the writer is empty. False: the
   * system has not taken them all; they are lent until it has.
   */
  sendBytes(message: Buffer, bodyLength: number): boolean {
    this.#begin = -1;
    this.#mode = 'whole';
    this.#sent = bodyLength;
    const taken = this.#transport.write(message);
    if (!taken) this.#stalled();
    this.#end();
    return taken;
  }

  /** Send a message whose body can be had in one piece with its head, while the writer is empty. False: it cannot. */
  sendInOne(head: HeadPieces, body: BodySource): boolean {
    const message = body.flowBehind?.(head, this);
    if (message === undefined) return false;
    this.#begin = -1;
    this.#mode = 'counted';
    this.#chunked = false;
    this.#state = 'sending';
    this.#source = body;
    this.#sent = this.#expected = (body.length ?? body.lentLength) as number;
    if (this.#transport.write(message)) body.resume();
    else this.#stalled();
    return true;
  }

  /** Send bytes that are no message of their own, such as `100 Continue`, at once. */
  sendInterim(text: string): void {
    this.#out += text;
    this.flush();
  }

  /**
   * Send a byte of an answer that is not there yet, or of its next chunk, which is the same whatever that will be. False:
   * nothing is certain of what comes, or all of that has gone.
   */
  sendAhead(): boolean {
    let certain = '';
    this.flush();
    if (this.#state === 'idle') {
      certain = BEGINNING.charAt(this.#ahead);
      this.#ahead += certain.length;
    } else if (this.#state === 'sending' && this.#chunked) {
      // A chunk's size may have zeros before it (RFC 9112 §7.1), the last chunk's too.
      certain = '0';
    }
    if (certain !== '' && !this.#transport.write(certain)) this.#stalled();
    return certain !== '';
  }

  /** Hand what has gathered to the system. */
  flush(): void {
    if (this.#out !== '' && !this.#transport.write(this.#takeOut())) this.#stalled();
  }

  // ---- BodySink

  data(chunk: Buffer): boolean {
    // An empty chunk would end a chunked body.
    if (chunk.length === 0) return true;
    this.#sent += chunk.length;
    if (this.#mode === 'counted' && this.#sent > this.#expected) {
      this.#sent -= chunk.length;
      this.abort('internal.failure');
      return false;
    }
    let tail = '';
    if (this.#mode === 'tunnel') this.#lastSentAt = coarseNow();
    if (this.#chunked) {
      this.#out += `${chunk.length.toString(16)}\r\n`;
      tail = '\r\n';
    }
    if (chunk.length <= COPY_LIMIT) {
      this.#out += latin1(chunk, 0, chunk.length) + tail;
      if (!this.#gathering) this.flush();
      return this.#transport.pending === 0;
    }
    const head = this.#takeOut();
    const taken =
      head === '' && tail === ''
        ? this.#transport.write(chunk)
        : this.#transport.writeBoth(head, chunk, tail);
    if (!taken) this.#stalled();
    return taken;
  }

  end(): void {
    const source = this.#source;
    this.#source = undefined;
    if (this.#mode === 'counted' && this.#sent !== this.#expected) {
      this.abort('internal.failure');
      return;
    }
    if (this.#chunked) {
      const trailers = this.#mode === 'chunked-trailers' ? trailerLines(source?.trailers) : '';
      this.#out += `0\r\n${trailers}\r\n`;
    }
    if (!this.#gathering) this.flush();
    this.#end();
  }

  fail(error: DreamError): void {
    this.#source = undefined;
    this.abort(error.code, false, systemCodeOf(error));
  }

  // ---- effects

  /** From the transport: all that was written has been taken. */
  drained(): void {
    this.#stall?.clear();
    if (this.#state === 'ending') this.#finish();
    else this.#source?.resume();
  }

  /** The message breaks off; what has gathered and not left yet is dropped. `closed`: the transport has told that it is. */
  abort(code: ErrorCode, closed = false, cause?: string): void {
    if (this.#state === 'idle') return;
    const source = this.#source;
    const unbegun = this.#begin !== -1;
    this.#source = undefined;
    this.#out = unbegun ? this.#out.slice(0, this.#begin) : '';
    source?.cancel(closed && this.#transport.stuck !== true);
    this.#finish(code, unbegun, cause);
  }

  /** The connection has gone. */
  release(): void {
    this.#stall?.release();
  }

  #sendWhole(body: Buffer): void {
    this.#sent = body.length;
    if (body.length <= COPY_LIMIT) {
      this.#out += latin1(body, 0, body.length);
      return;
    }
    if (!this.#transport.writeBoth(this.#takeOut(), body, '')) this.#stalled();
  }

  /** All of the message is written; it is over when the system has taken it. */
  #end(): void {
    // What ends a tunnel's half is the end of the connection's: nothing may still wait to be handed on.
    if (this.#mode === 'tunnel') this.flush();
    this.#state = 'ending';
    if (this.#transport.pending === 0) this.#finish();
  }

  #stalled(): void {
    this.#unsent = this.#transport.unsent;
    this.#outstanding = undefined;
    this.#stall ??= new Deadline({ expired: () => void this.#checkStall() });
    this.#stall.arm('write-stall', this.#stallTimeout / 2);
  }

  /**
   * A half of the time is up. What the socket shows of the other side's progress comes in steps of a megabyte and more, so
   * the system is asked too: after the first half what is outstanding, and after the second whether it got less.
   */
  async #checkStall(): Promise<void> {
    const transport = this.#transport;
    const before = this.#outstanding;
    const shown = this.#unsent - transport.unsent;
    const enough = Math.max(1, Math.min(this.#unsent, (this.#minDataRate * this.#stallTimeout) / 1000));
    if (shown >= enough) return this.#stalled();
    const outstanding = transport.unsent + ((await transport.queued?.()) ?? 0);
    // While we asked, all may have been taken, another stall have begun, or the connection have gone.
    if (transport.pending === 0 || this.#outstanding !== before) return;
    if (before === undefined) {
      this.#outstanding = outstanding;
      this.#stall?.arm('write-stall', this.#stallTimeout / 2);
    } else if (before - outstanding >= Math.max(1, enough / 2)) {
      this.#stalled();
    } else if (this.#state === 'idle') {
      // Small messages are over when they are handed on; nobody waits for those, but they still wait for the client.
      transport.reset();
    } else {
      this.abort('http1.timeout.write-stall');
    }
  }

  #finish(error?: ErrorCode, unbegun = false, cause?: string): void {
    this.#state = 'idle';
    this.#stall?.clear();
    const lost = error === undefined ? 0 : this.#transport.unsent;
    this.#owner.written(unbegun ? 0 : Math.max(0, this.#sent - lost), error, unbegun, cause);
  }

  /** What has gathered, to be written now. */
  #takeOut(): string {
    const out = this.#ahead === 0 ? this.#out : this.#out.slice(this.#ahead);
    this.#out = '';
    this.#begin = -1;
    this.#ahead = 0;
    return out;
  }
}
