import { Deadline } from '../../core/deadline.ts';
import type { Waiter } from '../../core/deadline.ts';
import type { DreamError, ErrorCode } from '../../core/errors.ts';
import type { Peer } from '../../core/peer.ts';
import type { BodySink, BodySource } from '../../http/body.ts';
import type { OutgoingRequestHead, ResponseHead } from '../../http/head.ts';
import { WholeBody } from '../../http/whole-body.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { UpstreamCall } from '../../upstream/call.ts';
import type { UpstreamRequest } from '../../upstream/call.ts';
import type { UpstreamServer } from '../../upstream/schema.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import type { ProxyOptions } from './schema.ts';
import { upstreamHead, upstreamHost } from './upstream-head.ts';

/** Tells a copy from a request. It is one of the fields that no client can send: see `upstreamHead`. */
const MARKER = ['X-Forwarded-Mirror', '1'];

/** An answer is read to its end up to this many bytes; past it, giving up its connection is cheaper. */
const ANSWER_LIMIT = 1024 * 1024;

/** Who hears when a copy is over; `failure`: why it came to no good end. Called once. */
type Over = (request: MirroredRequest, failure: string | undefined) => void;

/** The copy of a request on its way to the shadow, whose answer is read and thrown away. It is sent once. */
export class MirroredRequest implements UpstreamRequest, BodySink, Waiter<'mirror'> {
  readonly once = true;
  readonly origin: Exchange;
  readonly body: BodySource | null;
  readonly #options: ProxyOptions;
  readonly #target: string;
  readonly #over: Over;
  readonly #deadline = new Deadline<'mirror'>(this);
  #call: UpstreamCall | undefined = undefined;
  #answer: BodySource | undefined = undefined;
  #answerSize = 0;
  #done = false;

  /** `target`: path and query as the upstream itself is asked for them. */
  constructor(exchange: Exchange, options: ProxyOptions, target: string, body: Buffer | null, over: Over) {
    this.origin = exchange;
    this.body = body && new WholeBody(body);
    this.#options = options;
    this.#target = target;
    this.#over = over;
  }

  get method(): string {
    return this.origin.request.method;
  }

  get id(): string {
    return this.origin.id;
  }

  get peer(): Peer {
    return this.origin.peer;
  }

  /** `timeout` in milliseconds, for all of it. */
  start(shadow: Upstream, timeout: number): void {
    this.#deadline.arm('mirror', timeout);
    this.#call = new UpstreamCall(shadow, this);
    this.#call.start();
  }

  /** Nobody wants to know any more. */
  cancel(failure?: string): void {
    if (this.#done) return;
    this.#call?.cancel();
    this.#end(failure);
  }

  /** From the deadline. */
  expired(): void {
    this.cancel('timeout');
  }

  // ---- UpstreamRequest

  head(server: UpstreamServer): OutgoingRequestHead {
    const host = upstreamHost(this.origin.request, this.#options, server);
    const head = upstreamHead(this.origin, this.#options, this.#target, host, false);
    return { ...head, added: [...head.added, ...MARKER], reusable: false };
  }

  responded(_head: ResponseHead, body: BodySource): void {
    this.#answer = body;
    body.flow(this);
  }

  informed(): void {}

  /** It has not been asked for: what is sent on as an upgrade, or as CONNECT, has no copy. */
  switched(): void {
    this.cancel('upstream.unexpected-upgrade');
  }

  failed(code: ErrorCode): void {
    this.#end(code);
  }

  // ---- BodySink, of the answer

  data(chunk: Buffer): boolean {
    this.#answerSize += chunk.length;
    if (this.#answerSize <= ANSWER_LIMIT) return true;
    this.#answer?.cancel();
    this.#end(undefined);
    return true;
  }

  end(): void {
    this.#end(undefined);
  }

  fail(error: DreamError): void {
    this.#end(error.code);
  }

  #end(failure: string | undefined): void {
    if (this.#done) return;
    this.#done = true;
    this.#deadline.release();
    this.#over(this, failure);
  }
}
