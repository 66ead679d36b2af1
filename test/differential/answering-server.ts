import type { MemoryTransport } from '../support/memory-transport.ts';
import type { MemoryServer } from '../support/memory-upstream.ts';
import { parseRawRequest } from '../support/parse-raw-request.ts';
import { malformed } from '../support/parse-response.ts';

/** A request as far as it has come. */
export interface Arrived {
  head: string;
  body: string;
  complete: boolean;
}

/** One answer of each framing. */
const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsized',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nchunked\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end',
  'HTTP/1.1 204 No Content\r\n\r\n',
] as const;

/** The heads of the same, for HEAD. */
const HEADS = ANSWERS.map((answer) => answer.slice(0, answer.indexOf('\r\n\r\n') + 4));

const UNTIL_CLOSE = 2;

/**
 * A server of an upstream that reads what it gets with the strictest of parsers, keeps it, and answers each request in
 * another framing. Where it cannot read on, it closes.
 */
export class AnsweringServer implements MemoryServer {
  malformed: string | undefined = undefined;
  readonly #arrived: Arrived[];
  #unfinished: Arrived | undefined = undefined;
  #transport: MemoryTransport | undefined = undefined;
  #chunks: Buffer[] = [];
  #at = 0;
  #continued = false;

  /** `arrived`: where the requests to all the servers are written down, in their order. */
  constructor(arrived: Arrived[]) {
    this.#arrived = arrived;
  }

  /** All that it was sent. */
  get bytes(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0];
  }

  connected(transport: MemoryTransport): void {
    this.#transport = transport;
  }

  received(bytes: Buffer): void {
    this.#chunks.push(bytes);
    if (this.malformed !== undefined) return;
    try {
      while (this.#readOne());
    } catch (error) {
      this.malformed = (error as Error).message;
      this.#transport?.deliverEnd();
    }
  }

  ended(): void {}

  /** False: no request is complete. */
  #readOne(): boolean {
    const request = parseRawRequest(this.bytes.subarray(this.#at));
    if (request === undefined) return false;
    const { method, target, fields, body, complete, consumed } = request;
    if (fields.filter(([name]) => name.toLowerCase() === 'host').length !== 1) {
      throw malformed('not exactly one Host', this.bytes);
    }
    if (this.#unfinished === undefined) {
      this.#unfinished = { head: `${method} ${target}`, body: '', complete: false };
      this.#arrived.push(this.#unfinished);
    }
    this.#unfinished.body = body.toString('latin1');
    this.#unfinished.complete = complete;
    if (!complete) {
      const expects = fields.some(([name]) => name.toLowerCase() === 'expect');
      if (expects && !this.#continued) {
        this.#continued = true;
        this.#transport?.deliver(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'));
      }
      return false;
    }
    this.#unfinished = undefined;
    this.#continued = false;
    this.#at += consumed;
    const which = (this.#arrived.length - 1) % ANSWERS.length;
    this.#transport?.deliver(Buffer.from(method === 'HEAD' ? HEADS[which] : ANSWERS[which]));
    if (which === UNTIL_CLOSE) this.#transport?.deliverEnd();
    return true;
  }
}
