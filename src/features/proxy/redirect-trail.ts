import type { RequestHead, ResponseHead } from '../../http/head.ts';
import type { HeaderList } from '../../http/header-list.ts';
import type { UpstreamServer } from '../../upstream/schema.ts';
import { redirectedMethod, redirectTarget } from './redirects.ts';
import type { ProxyOptions } from './schema.ts';
import { TrailCookies } from './trail-cookies.ts';

/** What has been asked, and whether with a body. */
export interface Step {
  readonly request: RequestHead;
  readonly target: string;
  readonly host: string;
  readonly server: UpstreamServer;
  readonly hasBody: boolean;
  /** A Set-Cookie value of ours, which keeps the client with the server: on the way too. */
  readonly cookie: string | undefined;
}

/** The request that comes next. */
export interface NextStep {
  readonly request: RequestHead;
  readonly target: string;
  /** Whether the body goes along: where there is none, it does. */
  readonly keepsBody: boolean;
}

/** Fields that describe a content: of no meaning where it is left behind (RFC 9110 §15.4). */
const OF_CONTENT = /^(?:content-.*|digest|repr-digest|last-modified|expect)$/i;

/** The way of one request along the redirects of its upstream, as far as they are followed for the client. */
export class RedirectTrail {
  readonly #methods: readonly string[];
  readonly #cookies: TrailCookies;
  /** What was asked for already, with the cookies of that time: whoever asks again goes round in circles. */
  readonly #seen = new Set<string>();
  #left: number;
  #cookieStates = 0;
  #begun = false;
  #own: string | undefined = undefined;

  constructor(
    { max, methods }: NonNullable<ProxyOptions['followRedirects']>,
    cookieForClient: (line: string) => string,
  ) {
    this.#cookies = new TrailCookies(cookieForClient);
    this.#left = max;
    this.#methods = methods;
  }

  /** Whether a redirect has been followed. */
  get begun(): boolean {
    return this.#begun;
  }

  /**
   * The request that this answer asks for; undefined where the answer is the client's, `limit` where that would be one
   * too many, or one that was made before.
   */
  next(head: ResponseHead, step: Step): NextStep | 'limit' | undefined {
    const { request, host, server } = step;
    if (!this.#begun && !this.#methods.includes(request.method)) return undefined;
    const target = redirectTarget(head, step.target, host, server);
    if (target === undefined) return undefined;
    const method = redirectedMethod(head.status, request.method);
    // A body that has left is not here any more, and cannot be sent again.
    if (step.hasBody && method === request.method) return undefined;
    this.#seen.add(this.#key(request.method, step.target));
    if (this.#cookies.take(head.headers.getAll('set-cookie'), step.target, host)) this.#cookieStates++;
    if (step.cookie !== undefined) this.#cookies.takeOurs(step.cookie);
    if (this.#left === 0 || this.#seen.has(this.#key(method, target))) return 'limit';
    this.#left--;
    this.#begun = true;
    return {
      request: { ...request, method, headers: this.#fields(request, method, target) },
      target,
      keepsBody: method === request.method,
    };
  }

  /** Gives the client the cookies that it has not seen, before those of the answer that it sees. */
  addCookies(headers: HeaderList, target: string, host: string): void {
    this.#cookies.take(headers.getAll('set-cookie'), target, host);
    headers.delete('set-cookie');
    for (const line of this.cookieLines) headers.append('Set-Cookie', line);
  }

  get cookieLines(): readonly string[] {
    return this.#cookies.lines;
  }

  #fields({ method: before, headers }: RequestHead, method: string, target: string): HeaderList {
    const fields = headers.derive();
    if (method !== before) {
      for (const [name] of headers) if (OF_CONTENT.test(name)) fields.delete(name);
    }
    if (this.cookieLines.length > 0) {
      const cookie = this.#cookies.fieldFor(target, this.#ownCookies(headers));
      fields.delete('cookie');
      if (cookie !== undefined) fields.append('Cookie', cookie);
    }
    return fields;
  }

  /** The client's cookies, as its own request had them. */
  #ownCookies(headers: RequestHead['headers']): string {
    this.#own ??= headers.getAll('cookie').join('; ');
    return this.#own;
  }

  #key(method: string, target: string): string {
    return `${this.#cookieStates} ${method} ${target}`;
  }
}
