import type { BodySource } from '../../src/http/body.ts';
import type { RequestHead } from '../../src/http/head.ts';
import { Response } from '../../src/http/response.ts';
import { STRICT, type Leniency } from '../../src/http1/leniency.ts';
import type {
  Refusal,
  ServerConnectionOptions,
  ServerConnectionOwner,
} from '../../src/http1/server-connection-owner.ts';
import { ServerConnection } from '../../src/http1/server-connection.ts';
import { LendingTransport } from './lending-transport.ts';

/** Bounds that nothing reaches but what a test is about. */
const LIMITS: ServerConnectionOptions['limits'] = {
  headerBytes: 2 ** 40,
  headers: 2 ** 24,
  uriBytes: 2 ** 40,
  bodyBytes: 2 ** 40,
  requestsPerConnection: 0,
  minDataRate: 0,
};
const TIMEOUTS = { headers: 0, bodyIdle: 0, keepAlive: 0, writeStall: 0, tunnel: 0 };

/** Reads every body and answers every request, and keeps nothing but numbers. */
export class CountingOwner implements ServerConnectionOwner {
  readonly requestId = '00000000-0000-4000-8000-000000000000';
  readonly transport: LendingTransport;
  /** Requests whose heads came, that were answered with 200, that were refused or broke off. */
  requests = 0;
  answered = 0;
  refusals = 0;
  /** Of bodies: bytes and pieces. */
  bytes = 0;
  pieces = 0;
  /** The reader of bodies has room; else it says so with `resume`. */
  hasRoom = true;
  readonly #connection: ServerConnection;
  #body: BodySource | undefined = undefined;

  constructor(lenient: Leniency = STRICT) {
    this.#connection = new ServerConnection(this, {
      limits: LIMITS,
      lenient,
      timeouts: TIMEOUTS,
      serverHeader: undefined,
    });
    this.transport = new LendingTransport(this.#connection, false);
    this.transport.forgets = true;
    this.#connection.attach(this.transport);
  }

  /** The reader of the body has room for one piece more. */
  resume(): void {
    this.#body?.resume();
    this.transport.deliver();
  }

  request(_head: RequestHead, body: BodySource): void {
    this.requests++;
    this.#body = body;
    body.flow({
      data: (chunk) => {
        this.bytes += chunk.length;
        this.pieces++;
        return this.hasRoom;
      },
      end: () => this.#connection.respond(new Response(200)),
      fail: () => this.#connection.respond(new Response(400)),
    });
  }

  refused(_refusal: Refusal): Response {
    return new Response(400);
  }

  replaced(): Response {
    return new Response(500);
  }

  finished(status: number): void {
    if (status === 200) this.answered++;
    else this.refusals++;
  }

  aborted(): void {}
  closed(): void {}
}
