import { errorInfo, systemCodeOf } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { Peer } from '../../core/peer.ts';
import type { BodySource } from '../../http/body.ts';
import { discardBody } from '../../http/discard-body.ts';
import type { OutgoingRequestHead, ResponseHead } from '../../http/head.ts';
import { HeaderList } from '../../http/header-list.ts';
import { isIdempotent } from '../../http/methods.ts';
import { nominatedFields } from '../../http/hop-by-hop.ts';
import { Response } from '../../http/response.ts';
import type { Tunnel } from '../../http/response.ts';
import { errorResponse } from '../../pipeline/error-response.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { PendingResponse } from '../../pipeline/pending-response.ts';
import { UpstreamCall } from '../../upstream/call.ts';
import type { UpstreamRequest } from '../../upstream/call.ts';
import type { UpstreamServer } from '../../upstream/schema.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import { collectBody, MEMORY_LIMIT } from './collect-body.ts';
import { ElasticBody } from './elastic-body.ts';
import { keepPassed, passAgain } from './passed-answer.ts';
import { proxyStatus } from './proxy-status.ts';
import { RedirectTrail, type NextStep } from './redirect-trail.ts';
import type { PathRewriting } from './path-rewriting.ts';
import { rewriteCookie, rewritePlaces, tellsOfPlaces } from './rewrite-answer.ts';
import type { ProxyOptions } from './schema.ts';
import { upstreamHead, upstreamHost } from './upstream-head.ts';

const VIA: Readonly<Record<number, string>> = { 10: '1.0 dreamserver', 11: '1.1 dreamserver' };

/**
 * One exchange on its way through the proxy: the request's head is derived, its body collected where that is asked
 * for, the call made, redirects followed where that is asked for, and the answer derived from the upstream's.
 */
export class ProxyExchange extends PendingResponse implements UpstreamRequest {
  method: string;
  body: BodySource | null;
  #exchange: Exchange;
  readonly #options: ProxyOptions;
  readonly #upstream: Upstream;
  readonly #paths: PathRewriting;
  #target: string;
  #host = '';
  #call: UpstreamCall | undefined = undefined;
  /** The body that was collected: it may lie in a file, and is ours to let go of when nobody takes it. */
  #collected: BodySource | undefined = undefined;
  readonly #trail: RedirectTrail | undefined;

  constructor(
    exchange: Exchange,
    options: ProxyOptions,
    upstream: Upstream,
    paths: PathRewriting,
    target: string,
  ) {
    super();
    const { request, body } = exchange;
    this.method = request.method;
    this.body = body.length === 0 ? null : body;
    this.#exchange = exchange;
    this.#options = options;
    this.#upstream = upstream;
    this.#paths = paths;
    this.#target = target;
    this.#trail =
      options.followRedirects &&
      new RedirectTrail(options.followRedirects, (line) => this.#clientCookie(line));
  }

  /** Nothing is sent, and nothing settled, for a client that has gone while others had the exchange. */
  start(): void {
    if (this.#exchange.aborted) return;
    this.#exchange.onAbort(() => {
      this.#call?.cancel();
      this.#collected?.cancel();
    });
    const { body } = this;
    if (body === null || !this.#collects(body.length)) {
      this.#send();
      return;
    }
    collectBody(body, {
      collected: (whole) => {
        if (this.#exchange.aborted) {
          whole.cancel();
          return;
        }
        this.body = this.#collected = whole;
        this.#send();
      },
      failed: (error) => this.failed(error.code, systemCodeOf(error)),
    });
  }

  /** Whether the body is wanted whole first: to tell its length, or so that it can be sent again. */
  #collects(length: number | undefined): boolean {
    if (this.#options.buffer.request === 'off') return false;
    if (length === undefined) return true;
    return length <= MEMORY_LIMIT && this.#upstream.options.retry.attempts > 1 && isIdempotent(this.method);
  }

  #send(): void {
    this.#call = new UpstreamCall(this.#upstream, this);
    this.#call.start();
  }

  // ---- UpstreamRequest

  get id(): string {
    return this.#exchange.id;
  }

  get origin(): Exchange {
    return this.#exchange;
  }

  get peer(): Peer {
    return this.#exchange.peer;
  }

  head(server: UpstreamServer): OutgoingRequestHead {
    const { request } = this.#exchange;
    this.#host = upstreamHost(request, this.#options, server);
    const streams = this.body !== null && this.#collected === undefined;
    return upstreamHead(this.#exchange, this.#options, this.#target, this.#host, streams);
  }

  responded(head: ResponseHead, body: BodySource, server: UpstreamServer, cookie: string | undefined): void {
    this.#exchange.answeredBy(server.authority);
    if (this.#trail !== undefined && head.status >= 300 && head.status < 400) {
      const next = this.#nextStep(this.#trail, head, server, cookie);
      if (next !== undefined) {
        this.#follow(next, body);
        return;
      }
    }
    this.settle(this.#derive(head, body, server, cookie));
  }

  informed(head: ResponseHead): void {
    const { reason } = head;
    this.#exchange.inform(new Response(head.status, this.#endToEnd(head), null, { reason }));
  }

  switched(head: ResponseHead, body: BodySource, tunnel: Tunnel, cookie: string | undefined): void {
    const { reason } = head;
    const headers = this.#endToEnd(head);
    if (cookie !== undefined) headers.append('Set-Cookie', cookie);
    this.settle(new Response(head.status, headers, body, { reason, tunnel }));
  }

  failed(code: ErrorCode, cause?: string, retryAfter = 1): void {
    this.#collected?.cancel();
    const { request, id } = this.#exchange;
    const headers: string[] = [];
    if (errorInfo(code).status === 503) {
      headers.push('Retry-After', String(retryAfter));
    }
    for (const line of this.#trail?.cookieLines ?? []) headers.push('Set-Cookie', line);
    if (this.#options.proxyStatus) headers.push('Proxy-Status', proxyStatus(code, cause));
    this.settle(errorResponse(code, { request, id, headers, cause }));
  }

  explained(cause: string): void {
    this.#exchange.explain(cause);
  }

  #clientCookie(line: string): string {
    const { cookies } = this.#options;
    return cookies === undefined ? line : rewriteCookie(line, cookies);
  }

  #rewritePlaces(headers: HeaderList, server: UpstreamServer): void {
    const { request } = this.#exchange;
    const followed = this.#trail?.begun ?? false;
    const asked = { request, target: this.#target, host: this.#host, server, followed };
    rewritePlaces(headers, asked, this.#paths);
  }

  #nextStep(
    trail: RedirectTrail,
    head: ResponseHead,
    server: UpstreamServer,
    cookie: string | undefined,
  ): NextStep | 'limit' | undefined {
    const { request } = this.#exchange;
    const hasBody = this.body !== null;
    return trail.next(head, { request, target: this.#target, host: this.#host, server, hasBody, cookie });
  }

  /** The redirect's own body is of no interest; its connection is, once that has been read. */
  #follow(next: NextStep | 'limit', body: BodySource): void {
    discardBody(body);
    if (next === 'limit') {
      this.failed('upstream.redirect-limit');
      return;
    }
    this.#exchange = this.#exchange.derive(next.request);
    this.method = next.request.method;
    this.#target = next.target;
    if (!next.keepsBody) {
      this.#collected?.cancel();
      this.body = null;
    }
    this.#send();
  }

  /** The fields that are for the client: what the connection's own are, the wire leaves out. */
  #endToEnd(head: ResponseHead): HeaderList {
    const nominated = nominatedFields(head.headers);
    const headers = HeaderList.over(head.headers);
    if (nominated !== undefined) headers.deleteAll(nominated);
    return headers;
  }

  #derive(
    head: ResponseHead,
    body: BodySource,
    server: UpstreamServer,
    cookie: string | undefined,
  ): Response {
    const options = this.#options;
    const { rewriteLocation, cookies, buffer } = options;
    const isHead = this.method === 'HEAD';
    // Neither cookies of ours nor a buffer: nothing but the head decides what becomes of it.
    const plain = cookie === undefined && this.#trail === undefined && buffer.response === undefined;
    const again = plain ? passAgain(head, options, isHead, isHead ? headBody(head) : body) : undefined;
    if (again !== undefined) return again;
    const headers = this.#endToEnd(head).append('Via', VIA[head.version]);
    const tells = rewriteLocation && tellsOfPlaces(headers);
    if (tells) this.#rewritePlaces(headers, server);
    if (this.#trail?.begun === true) this.#trail.addCookies(headers, this.#target, this.#host);
    else if (cookies !== undefined) headers.change('Set-Cookie', (line) => this.#clientCookie(line));
    if (cookie !== undefined) headers.append('Set-Cookie', cookie);
    const reason = head.reason === '' ? undefined : head.reason;
    let content = body;
    if (isHead) content = headBody(head);
    else if (buffer.response !== undefined && mayWaitHere(head, body))
      content = new ElasticBody(body, buffer.response);
    const response = new Response(head.status, headers, content, { reason });
    return plain && !tells && cookies === undefined ? keepPassed(head, options, isHead, response) : response;
  }
}

/** Whether an answer may run ahead of its client: not one that never ends, or whose server says no. */
function mayWaitHere({ headers }: ResponseHead, body: BodySource): boolean {
  if (body.length === 0) return false;
  if (headers.get('x-accel-buffering')?.trim().toLowerCase() === 'no') return false;
  return !/^text\/event-stream\b/i.test(headers.get('content-type') ?? '');
}

/** A length that a number holds exactly. */
const LENGTH = /^[0-9]{1,15}$/;

/** An answer to HEAD has no content, and the length of the one that GET would get (RFC 9110 §9.3.2). */
function headBody(head: ResponseHead): BodySource {
  const declared = head.headers.get('content-length') ?? '';
  return {
    // Nothing was framed by it, so nobody has checked it before.
    length: LENGTH.test(declared) ? Number(declared) : undefined,
    trailers: undefined,
    flow: (sink) => sink.end(),
    resume: () => {},
    cancel: () => {},
  };
}
