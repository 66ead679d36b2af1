import type { ErrorCode } from '../core/errors.ts';
import { knownField } from '../http/field-names.ts';
import type { ResponseHead } from '../http/head.ts';
import type { Peer } from '../core/peer.ts';
import { ClientConnection } from '../http1/client-connection.ts';
import type { ClientConnectionOwner } from '../http1/client-connection-owner.ts';
import { AnnouncedConnections } from './announced-connections.ts';
import { Connector } from './connect.ts';
import type { Attempt } from './connect.ts';
import { IdleTimeout, keepAliveTimeout } from './idle-timeout.ts';
import type { UpstreamOptions, UpstreamServer } from './schema.ts';
import type { ServerSlots } from './server-slots.ts';
import { coarseNow, Deadline } from '../core/deadline.ts';

const KEEP_ALIVE = knownField('keep-alive');

/** Who waits for a connection. */
export interface Waiter {
  /** For whom it is, where connections are announced for their client. */
  readonly client?: Peer | undefined;
  connected(connection: ClientConnection): void;
  /** `detail`: the system's error code, such as ECONNREFUSED. */
  connectFailed(code: ErrorCode, detail: string | undefined): void;
}

/** A server's state, as it changes; for the event log. */
export type ServerObserver = (
  server: UpstreamServer,
  reachable: boolean,
  detail: string | undefined,
  explanation: string | undefined,
) => void;

/**
 * The connections of one thread to one server: those kept for the next request, last used first, so that the others
 * grow old and are closed; and at most `pool.max` in all, for which requests queue in their order.
 */
export class ServerPool implements ClientConnectionOwner<ClientConnection> {
  readonly server: UpstreamServer;
  /** Called when there is room for a request where there may have been none. */
  roomMade: () => void = () => {};
  readonly #options: UpstreamOptions;
  readonly #connector: Connector;
  readonly #observe: ServerObserver;
  readonly #idle: IdleTimeout;
  /** There where a connection belongs to one client. */
  readonly #announced: AnnouncedConnections | undefined;
  /** There where requests in flight at the server are limited, over all threads. */
  readonly #slots: ServerSlots | undefined;
  readonly #kept: ClientConnection[] = [];
  readonly #connecting = new Map<Attempt, Waiter>();
  readonly #waiting = new Set<Waiting>();
  #open = 0;
  #tunnels = 0;
  #closing = false;
  #reachable = true;

  constructor(
    server: UpstreamServer,
    options: UpstreamOptions,
    observe: ServerObserver,
    slots?: ServerSlots,
  ) {
    this.server = server;
    this.#slots = slots;
    this.#options = options;
    this.#observe = observe;
    this.#idle = new IdleTimeout(options.pool.idleTimeout);
    this.#connector = new Connector(server, options);
    const { proxyProtocol } = options;
    this.#announced = proxyProtocol && new AnnouncedConnections(proxyProtocol);
  }

  /** Connections that are open or being opened. */
  get open(): number {
    return this.#open;
  }

  /** What the server is busy with: connections that are in use, being made or being closed, and tunnels. */
  get busy(): number {
    return this.#open - this.#kept.length + this.#tunnels;
  }

  /** Whether a request need not wait here. */
  get hasRoom(): boolean {
    return (
      this.#open - this.#kept.length < this.#options.pool.max &&
      (this.#slots === undefined || this.#slots.free)
    );
  }

  /**
   * Take a place for a request where their number is limited; false when another thread was quicker. Whoever has one asks
   * for a connection before anything else happens.
   */
  takePlace(): boolean {
    return this.#slots === undefined || this.#slots.tryTake();
  }

  /** Give back the places that are not in use. False: those who wait in another thread are to have them. */
  settle(): boolean {
    return this.#slots === undefined || this.#slots.settle(this.busy + this.#waiting.size);
  }

  /** A connection for one exchange: at once where one is kept, else when it is made. Answers what takes the wait back. */
  acquire(waiter: Waiter): { cancel(): void } | undefined {
    if (this.#announced !== undefined) return this.#acquireOwn(waiter, this.#announced);
    for (let kept = this.#kept.pop(); kept !== undefined; kept = this.#kept.pop()) {
      if (!kept.free) continue;
      waiter.connected(kept);
      return undefined;
    }
    return this.acquireNew(waiter);
  }

  /** A connection that has not been kept: for a request that has met one which was closed while it was. */
  acquireNew(waiter: Waiter): { cancel(): void } {
    if (this.#open < this.#options.pool.max) return this.#connect(waiter);
    // The one that was not used for the longest time makes room, when it has closed.
    this.#kept.shift()?.destroy();
    const waiting = new Waiting(waiter, this.#options.timeouts.connect, (gone) => {
      if (this.#waiting.delete(gone) && this.#slots !== undefined && this.settle()) this.roomMade();
    });
    this.#waiting.add(waiting);
    return waiting;
  }

  /** What an answer says of how long the server keeps its connections. */
  noteKeepAlive(head: ResponseHead): void {
    const field = head.headers.getKnown(KEEP_ALIVE);
    const ms = field === undefined ? undefined : keepAliveTimeout(field);
    if (ms !== undefined) this.#idle.said(ms);
  }

  /** Close what is kept, and what is in use as soon as it is free. */
  close(): void {
    this.#closing = true;
    for (const connection of this.#kept.splice(0)) connection.destroy();
    for (const attempt of this.#connecting.keys()) attempt.cancel();
    this.#slots?.close();
  }

  /** The server gets no more requests: what it has begun is finished, and who waits is sent elsewhere. */
  withdraw(): void {
    this.#closing = true;
    for (const connection of this.#kept.splice(0)) connection.destroy();
    for (const [attempt, waiter] of this.#connecting) {
      if (attempt.cancelled) continue;
      attempt.cancel();
      waiter.connectFailed('upstream.no-server', undefined);
    }
    for (let next = this.#nextWaiting(); next !== undefined; next = this.#nextWaiting()) {
      next.connectFailed('upstream.no-server', undefined);
    }
    this.settle();
    this.#slots?.close();
  }

  /** The server gets requests again. */
  reopen(): void {
    this.#closing = false;
  }

  /** Whether it takes requests, as it does until it is withdrawn or closed. */
  get isOpen(): boolean {
    return !this.#closing;
  }

  // ---- ClientConnectionOwner

  released(connection: ClientConnection): void {
    // One that is another client's is of no use to those who wait, but its place is.
    if (this.#closing || (this.#announced !== undefined && this.#waiting.size > 0)) {
      connection.destroy();
      return;
    }
    const next = this.#nextWaiting();
    if (next !== undefined) {
      next.connected(connection);
      // One request has ended, and one waits no more.
      this.settle();
      return;
    }
    this.#kept.push(connection);
    connection.keep(this.#idle.limit);
    if (this.settle()) this.roomMade();
  }

  detached(_connection: ClientConnection): void {
    this.#open--;
    this.#tunnels++;
    this.#serveWaiting();
  }

  closed(connection: ClientConnection, wasTunnel: boolean): void {
    if (wasTunnel) {
      this.#tunnels--;
      if (this.#slots !== undefined && this.settle()) this.roomMade();
      return;
    }
    this.#open--;
    const place = this.#kept.indexOf(connection);
    if (place !== -1) {
      this.#kept.splice(place, 1);
      if (connection.closedWhileKept) this.#idle.closedAfter(coarseNow() - connection.keptAt);
    }
    this.#serveWaiting();
  }

  #acquireOwn(waiter: Waiter, announced: AnnouncedConnections): { cancel(): void } | undefined {
    const place = announced.find(this.#kept, waiter.client);
    if (place === -1) return this.acquireNew(waiter);
    const [own] = this.#kept.splice(place, 1);
    waiter.connected(own);
    return undefined;
  }

  #serveWaiting(): void {
    const isOurs = this.settle();
    if (this.#closing || this.#open >= this.#options.pool.max) return;
    const next = this.#nextWaiting();
    if (next !== undefined) this.#connect(next);
    else if (isOurs) this.roomMade();
  }

  #nextWaiting(): Waiter | undefined {
    for (const waiting of this.#waiting) {
      this.#waiting.delete(waiting);
      waiting.cancel();
      return waiting.waiter;
    }
    return undefined;
  }

  #connect(waiter: Waiter): Attempt {
    this.#open++;
    const attempt = this.#connector.connect(
      {
        connected: (transport) => {
          this.#connecting.delete(attempt);
          this.#noteReachable(true);
          const connection = new ClientConnection(this, this.#options);
          transport.events = connection;
          connection.attach(transport);
          this.#announced?.add(connection, waiter.client);
          waiter.connected(connection);
        },
        failed: ({ code, detail, explanation }) => {
          this.#connecting.delete(attempt);
          this.#open--;
          if (!attempt.cancelled) this.#noteReachable(false, detail ?? code, explanation);
          this.#serveWaiting();
          if (!attempt.cancelled) waiter.connectFailed(code, detail);
        },
      },
      waiter.client,
    );
    this.#connecting.set(attempt, waiter);
    return attempt;
  }

  #noteReachable(reachable: boolean, detail?: string, explanation?: string): void {
    if (this.#reachable === reachable) return;
    this.#reachable = reachable;
    this.#idle.forget();
    this.#observe(this.server, reachable, detail, explanation);
  }
}

/** A request in the queue for a connection. */
class Waiting {
  readonly waiter: Waiter;
  readonly #deadline: Deadline<'queue'>;
  readonly #gone: (waiting: Waiting) => void;

  constructor(waiter: Waiter, timeout: number, gone: (waiting: Waiting) => void) {
    this.waiter = waiter;
    this.#gone = gone;
    this.#deadline = new Deadline({
      expired: () => {
        this.cancel();
        waiter.connectFailed('upstream.queue-full', undefined);
      },
    });
    this.#deadline.arm('queue', timeout);
  }

  cancel(): void {
    this.#deadline.release();
    this.#gone(this);
  }
}
