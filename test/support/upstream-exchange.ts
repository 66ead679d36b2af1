import type { Peer } from '../../src/core/peer.ts';
import { emptyBody, readAll, type BodySource } from '../../src/http/body.ts';
import type { OutgoingRequestHead, ResponseHead } from '../../src/http/head.ts';
import { HeaderList } from '../../src/http/header-list.ts';
import { hopByHopAnd } from '../../src/http/hop-by-hop.ts';
import type { ClientConnection } from '../../src/http1/client-connection.ts';
import type { Requester } from '../../src/http1/client-connection-owner.ts';
import type { ServerPool, Waiter } from '../../src/upstream/pool.ts';
import { within } from './until.ts';

/** A request head of our own making. */
export function outgoing(method = 'GET', target = '/'): OutgoingRequestHead {
  return {
    method,
    target,
    host: 'backend.example',
    headers: new HeaderList(),
    omit: hopByHopAnd(),
    nominated: undefined,
    added: [],
    upgrade: undefined,
    trailers: false,
    expectContinue: false,
    identified: true,
    reusable: false,
  };
}

/** Hears nothing of what becomes of its request. */
export const deafRequester: Requester = {
  informed: () => {},
  responded: () => {},
  switched: () => {},
  failed: () => {},
};

/** Waits for a connection of a pool. */
export class Taker implements Waiter {
  readonly client: Peer | undefined;
  readonly #connection = Promise.withResolvers<ClientConnection>();
  readonly #failure = Promise.withResolvers<string>();
  readonly #wait: { cancel(): void } | undefined;

  constructor(pool: ServerPool, client?: Peer) {
    this.client = client;
    this.#wait = pool.acquire(this);
  }

  get connection(): Promise<ClientConnection> {
    return within(10_000, 'a connection', this.#connection.promise);
  }

  /** Why there is none, as `code` or `code detail`. */
  get failure(): Promise<string> {
    return within(10_000, 'no connection', this.#failure.promise);
  }

  connected(connection: ClientConnection): void {
    this.#connection.resolve(connection);
  }

  connectFailed(code: string, detail: string | undefined): void {
    this.#failure.resolve(detail === undefined ? code : `${code} ${detail}`);
  }

  cancel(): void {
    this.#wait?.cancel();
  }
}

/** What became of a request, seen by who sent it. */
export interface Outcome {
  readonly head?: ResponseHead;
  /** The whole body, or the code that it failed with. */
  readonly body?: string;
  /** Why there was no answer. */
  readonly failed?: string;
  readonly silent?: boolean;
  readonly detail?: string | undefined;
}

/** Sends a request over a connection and collects what becomes of it. */
export function exchangeOver(
  connection: ClientConnection,
  method = 'GET',
  body: BodySource | null = null,
): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const requester: Requester = {
    ...deafRequester,
    responded(head, answer) {
      const whole = readAll(answer, 1 << 26).then(String, ({ code }: { code: string }) => code);
      void whole.then((text) => resolve({ head, body: text }));
    },
    failed: (code, silent, detail) => resolve({ failed: code, silent, detail }),
  };
  connection.send(outgoing(method), body, requester);
  return within(10_000, 'an outcome', promise);
}

/** A request body of these pieces, as fast as they are taken. */
export function bodyOf(pieces: readonly string[], length?: number): BodySource {
  return {
    ...emptyBody,
    length,
    flow(sink) {
      for (const piece of pieces) sink.data(Buffer.from(piece));
      sink.end();
    },
  };
}
