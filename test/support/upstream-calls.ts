import { errorCodeOf } from '../../src/core/errors.ts';
import { readAll, type BodySource } from '../../src/http/body.ts';
import type { RequestOrigin } from '../../src/upstream/balance/balancer.ts';
import { UpstreamCall } from '../../src/upstream/call.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { requestOrigin } from './balancer-contract.ts';
import { head } from './message.ts';
import type { RawBackend } from './raw-backend.ts';
import type { RawConnection } from './raw-connection.ts';
import { RequestReader } from './request-reader.ts';
import { within } from './until.ts';
import { outgoing } from './upstream-exchange.ts';

export interface Sent {
  readonly call: UpstreamCall;
  /** The answer's status and the server that gave it, or why there is none. */
  readonly outcome: Promise<string>;
  /** The status, as soon as it is known. */
  readonly responded: Promise<number>;
}

export interface SendOptions {
  readonly method?: string;
  readonly body?: BodySource | null;
  readonly origin?: RequestOrigin;
}

/** Sends a request to an upstream. */
export function sendTo(upstream: Upstream, options: SendOptions = {}): Sent {
  const { method = 'GET', body = null, origin = requestOrigin('/', '203.0.113.7') } = options;
  const { promise, resolve } = Promise.withResolvers<string>();
  const known = Promise.withResolvers<number>();
  const call = new UpstreamCall(upstream, {
    method,
    id: 'a-request',
    body,
    origin,
    head: () => outgoing(method),
    responded: ({ status }, answer, { url }) => {
      known.resolve(status);
      void readAll(answer, 1 << 20).then(
        () => resolve(`${status} of ${url}`),
        (error: unknown) => resolve(errorCodeOf(error)),
      );
    },
    informed: () => {},
    switched: () => {},
    failed: resolve,
  });
  call.start();
  return {
    call,
    get responded() {
      return within(10_000, 'the head of an answer', known.promise);
    },
    get outcome() {
      return within(10_000, 'an outcome', promise);
    },
  };
}

/** A connection that a backend has accepted, and the requests on it. */
export class BackendPeer {
  readonly connection: RawConnection;
  readonly #requests: RequestReader;

  constructor(connection: RawConnection) {
    this.connection = connection;
    this.#requests = new RequestReader(connection);
  }

  static async of(backend: RawBackend): Promise<BackendPeer> {
    return new BackendPeer(await backend.accept());
  }

  async request(): Promise<void> {
    await this.#requests.head();
  }

  /** Answer the next request. */
  async serve(status = '200 OK', ...fields: string[]): Promise<void> {
    await this.request();
    await this.connection.send(head(`HTTP/1.1 ${status}`, 'Content-Length: 0', ...fields));
  }
}
