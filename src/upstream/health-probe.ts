import { Deadline, type Waiter } from '../core/deadline.ts';
import type { ErrorCode } from '../core/errors.ts';
import { readAll, type BodySource } from '../http/body.ts';
import type { OutgoingRequestHead, ResponseHead } from '../http/head.ts';
import { HeaderList } from '../http/header-list.ts';
import { hopByHopAnd } from '../http/hop-by-hop.ts';
import { ClientConnection } from '../http1/client-connection.ts';
import type { ClientConnectionOwner, Requester } from '../http1/client-connection-owner.ts';
import type { OpenTransport } from '../net/transport.ts';
import { Connector } from './connect.ts';
import type { Attempt } from './connect.ts';
import type { HealthOptions } from './health-schema.ts';
import type { UpstreamOptions, UpstreamServer } from './schema.ts';

/** How much of a body is searched, in bytes; a longer one is no good answer. */
const BODY_LIMIT = 64 * 1024;

const OMIT = hopByHopAnd();

/** One check of one server, over a connection of its own: `settled` hears once what was wrong, or undefined. */
export class HealthProbe implements Requester, ClientConnectionOwner<ClientConnection>, Waiter<'probe'> {
  readonly #server: UpstreamServer;
  readonly #options: UpstreamOptions;
  readonly #health: HealthOptions;
  readonly #deadline = new Deadline<'probe'>(this);
  #settled: ((problem: string | undefined) => void) | undefined;
  #attempt: Attempt | undefined = undefined;
  #connection: ClientConnection | undefined = undefined;

  constructor(
    server: UpstreamServer,
    options: UpstreamOptions,
    health: HealthOptions,
    settled: (problem: string | undefined) => void,
  ) {
    this.#server = server;
    this.#options = options;
    this.#health = health;
    this.#settled = settled;
  }

  start(): void {
    this.#deadline.arm('probe', this.#health.timeout);
    this.#attempt = new Connector(this.#server, this.#options).connect({
      connected: (transport) => this.#connected(transport),
      failed: ({ code, detail }) => this.#settle(detail ?? code),
    });
  }

  /** Nobody wants to know any more. */
  cancel(): void {
    this.#settled = undefined;
    this.#settle(undefined);
  }

  /** From the deadline. */
  expired(): void {
    this.#settle('timeout');
  }

  #connected(transport: OpenTransport): void {
    const { path } = this.#health;
    this.#attempt = undefined;
    // The check has its own time, for all of it.
    const timeouts = { firstByte: 0, idle: 0 };
    const connection = new ClientConnection(this, { timeouts, lenient: this.#options.lenient });
    this.#connection = connection;
    transport.events = connection;
    connection.attach(transport);
    if (path === undefined || this.#settled === undefined) this.#settle(undefined);
    else connection.send(this.#head(path), null, this);
  }

  #head(path: string): OutgoingRequestHead {
    return {
      method: 'GET',
      target: path,
      host: this.#health.host ?? this.#server.authority,
      headers: new HeaderList(),
      omit: OMIT,
      nominated: undefined,
      added: ['User-Agent', 'DreamServer (health check)'],
      upgrade: undefined,
      trailers: false,
      expectContinue: false,
      identified: false,
      reusable: false,
    };
  }

  // ---- Requester

  responded({ status }: ResponseHead, body: BodySource): void {
    const { expect, body: text } = this.#health;
    if (status < expect.from || status > expect.to) {
      this.#settle(`status ${status}`);
    } else if (text === undefined) {
      this.#settle(undefined);
    } else {
      const found = (whole: Buffer): string | undefined =>
        whole.includes(text) ? undefined : 'another body';
      void readAll(body, BODY_LIMIT)
        .then(found, () => 'a body that is broken or too long')
        .then((problem) => this.#settle(problem));
    }
  }

  informed(): void {}

  switched(): void {
    this.#settle('status 101');
  }

  failed(code: ErrorCode): void {
    this.#settle(code);
  }

  // ---- ClientConnectionOwner: it is closed as soon as it has answered

  released(): void {}
  detached(): void {}
  closed(): void {}

  #settle(problem: string | undefined): void {
    const settled = this.#settled;
    this.#settled = undefined;
    this.#deadline.release();
    this.#attempt?.cancel();
    this.#connection?.cancel(this);
    this.#connection?.destroy();
    settled?.(problem);
  }
}
