import type { AccessRecord } from '../../src/observe/access-record.ts';
import { Listener } from '../../src/net/listener.ts';
import type { Transport } from '../../src/net/transport.ts';
import type { Trust } from '../../src/pipeline/exchange.ts';
import type { Handler } from '../../src/pipeline/handler.ts';
import { compileRoutes } from '../../src/router/route-table.ts';
import { Session, type ServeContext } from '../../src/server/serve-exchange.ts';
import { SharedState } from '../../src/server/shared-state.ts';
import type { ServerConnectionOptions } from '../../src/http1/server-connection-owner.ts';
import { STRICT, type Leniency } from '../../src/http1/leniency.ts';
import { ServerConnection } from '../../src/http1/server-connection.ts';
import { within } from './until.ts';

/** Bounds and times that no test meets by accident; a test gives those that it is about. */
export interface HandlerServerOptions {
  readonly limits?: Partial<ServerConnectionOptions['limits']>;
  /** Milliseconds. */
  readonly timeouts?: Partial<ServerConnectionOptions['timeouts']>;
  readonly lenient?: Leniency;
  readonly serverHeader?: string;
  /** Whose forwarding fields are believed; nobody's unless given. */
  readonly trust?: Trust;
  /** Pattern of the paths that the handler answers; all of them unless given. */
  readonly path?: string;
}

/** A line of the access log, before it is one. */
export type Logged = Omit<AccessRecord, 'latencyMs'>;

const limits = {
  headerBytes: 32_768,
  headers: 100,
  uriBytes: 8192,
  bodyBytes: 1 << 30,
  requestsPerConnection: 0,
  minDataRate: 0,
};
const timeouts = {
  headers: 10_000,
  bodyIdle: 30_000,
  keepAlive: 60_000,
  writeStall: 30_000,
  tunnel: 60_000,
};

/** One handler behind real sockets, in this process: connections, sessions and log records as in the server itself. */
export class HandlerServer implements AsyncDisposable {
  /** What was logged so far, in order. */
  readonly log: Logged[] = [];
  /** What handlers threw that was no error of the catalogue. */
  readonly failures: unknown[] = [];
  readonly connections = new Set<ServerConnection>();
  /** The transport of every connection since the start, in order. */
  readonly transports: Transport[] = [];
  #listener!: Listener;
  #changed = new Set<() => void>();

  static async start(handler: Handler, options: HandlerServerOptions = {}): Promise<HandlerServer> {
    const server = new HandlerServer();
    const context: ServeContext = {
      routes: compileRoutes([{ path: options.path, value: handler }]),
      accessLog: {
        request: ({ latencyMs: _, ...record }) => {
          server.log.push(record);
          server.#notify();
        },
      },
      events: { info: () => {}, warn: () => {}, error: (_, fields) => server.failures.push(fields) },
      shared: new SharedState(),
      trust: options.trust,
      logsAgents: false,
      closed: (session) => {
        server.connections.delete(session.connection);
        server.#notify();
      },
    };
    const connectionOptions: ServerConnectionOptions = {
      limits: { ...limits, ...options.limits },
      lenient: options.lenient ?? STRICT,
      timeouts: { ...timeouts, ...options.timeouts },
      serverHeader: options.serverHeader,
    };
    server.#listener = await Listener.open({ host: '127.0.0.1', port: 0 }, false, (transport) => {
      const session = new Session(context);
      const connection = new ServerConnection(session, connectionOptions);
      session.begin(connection, transport.peer);
      server.connections.add(connection);
      server.transports.push(transport);
      connection.attach(transport);
      transport.open(connection);
    });
    return server;
  }

  get port(): number {
    return this.#listener.port as number;
  }

  /** Waits until so many requests are logged, and answers them all. */
  async untilLogged(count: number): Promise<readonly Logged[]> {
    await this.#until(`${count} requests logged`, () => this.log.length >= count);
    return this.log;
  }

  /** Waits until no client is connected any more. */
  untilAlone(): Promise<void> {
    return this.#until('the last connection is closed', () => this.connections.size === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.connections) connection.destroy();
    await this.untilAlone();
  }

  #notify(): void {
    for (const look of this.#changed) look();
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    let look = (): void => {};
    const met = new Promise<void>((resolve) => {
      look = () => {
        if (condition()) resolve();
      };
      this.#changed.add(look);
      look();
    });
    await within(10_000, what, met).finally(() => this.#changed.delete(look));
  }
}
