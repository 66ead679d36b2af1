import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { compileRouteTable } from '../config/compile.ts';
import type { ListenerConfig, RuntimeConfig } from '../config/runtime-config.ts';
import { Mirrors } from '../features/proxy/mirror.ts';
import { FileMemory } from '../features/static/file-memory.ts';
import { loadMediaTypes } from '../http/media-type.ts';
import { ServerConnection } from '../http1/server-connection.ts';
import type { Peer } from '../core/peer.ts';
import { AddressSet } from '../net/address-set.ts';
import { Listener } from '../net/listener.ts';
import { claimPort } from '../net/port-claim.ts';
import type { OpenTransport } from '../net/transport.ts';
import { createAccessLog } from '../observe/access-log.ts';
import type { AccessLog } from '../observe/access-log.ts';
import { createEventLog } from '../observe/event-log.ts';
import type { EventLog } from '../observe/event-log.ts';
import { createLogSink } from '../observe/log-sink.ts';
import type { LogSink } from '../observe/log-sink.ts';
import type { Trust } from '../pipeline/exchange.ts';
import type { HealthBoard } from '../upstream/health-board.ts';
import { HealthProber } from '../upstream/health-prober.ts';
import type { SlotBoard } from '../upstream/slot-board.ts';
import { Upstreams } from '../upstream/upstreams.ts';
import { operatorChange } from '../upstream/operator-change.ts';
import type { ServerSnapshot } from '../upstream/server-snapshot.ts';
import type { UpstreamChange, UpstreamObserver } from '../upstream/upstream.ts';
import { Arrival, logRefusal } from './arrival.ts';
import type { ArrivalOwner } from './arrival.ts';
import { mostTurnedAway, ownDescriptors } from './descriptor-limit.ts';
import { Session } from './serve-exchange.ts';
import type { ServeContext } from './serve-exchange.ts';
import type { SharedState } from './shared-state.ts';
import { turnAway } from './turn-away.ts';
import type { Commanded, UpstreamCommand } from './upstream-commands.ts';

/** An address that is listened on. */
export interface BoundAddress {
  /** As the user wrote it. */
  readonly address: string;
  /** The port that was bound; undefined for a unix socket. */
  readonly port: number | undefined;
}

/** What a thread has to itself. */
interface ThreadOptions {
  readonly reusePort: boolean;
  /** Whether it is for this thread to see that nobody else has a port; the supervisor does it for several. */
  readonly claimsPorts?: boolean;
  /** Whether it is this one that does what one does for all: it checks the health of servers, and tells of commands. */
  readonly leads: boolean;
  /** Where requests in flight are counted; undefined where that is in this thread alone, or nowhere. */
  readonly slots?: SlotBoard | undefined;
  /** Memory for files that all `threads` share, from `fileCacheMemory`. */
  readonly files: SharedArrayBuffer | undefined;
  readonly threads: number;
  /** Hears of changes of the servers of upstreams, beside the event log. */
  readonly observe?: UpstreamObserver;
}

/** What is better than before, or was asked for. */
const GOOD_NEWS: ReadonlySet<UpstreamChange['state']> = new Set([
  'reachable',
  'returned',
  'circuit-half-open',
  'circuit-closed',
  'healthy',
  'resolved',
  'added',
  'removed',
  'weighted',
  'draining',
  'disabled',
  'enabled',
]);

/** How long a server that stops still takes in what its clients send who do not know it yet, in milliseconds. */
const TAKE_IN_MS = 100;

/** How long it accepts while more come, in milliseconds, and a little. */
const ACCEPT_MS = 1000;

const UNWATCHED = 'the system watches no more directories: changes of files are seen a little later';

/** The server of one thread: listeners, connections, handlers, upstream pools and logs, from start to stop. */
export class ThreadServer implements ArrivalOwner, Commanded {
  readonly #config: RuntimeConfig;
  readonly #shared: SharedState;
  readonly #reusePort: boolean;
  readonly #claimsPorts: boolean;
  readonly #mostTurnedAway: number;
  readonly #accessSink: LogSink;
  readonly #eventSink: LogSink;
  readonly #accessLog: AccessLog;
  readonly #upstreams: Upstreams;
  /** Hears of commands that are carried out, in the one thread that tells of them. */
  readonly #commanded: UpstreamObserver | undefined;
  readonly #mirrors: Mirrors;
  readonly #files: FileMemory;
  /** In the one thread that checks the health of servers for all of them. */
  readonly #prober: HealthProber | undefined;
  readonly #context: ServeContext;
  /** Told to what would otherwise go on for ever, before what is in flight is waited for. */
  readonly #closingBegins = new AbortController();
  readonly #sessions = new Set<Session>();
  readonly #arrivals = new Set<Arrival>();
  #listeners: Listener[] = [];
  #allClosed: (() => void) | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;
  #isCutOff = false;

  /** @throws what the configuration's files cause: an access log that cannot be opened, a root that is not there. */
  constructor(config: RuntimeConfig, shared: SharedState, board: HealthBoard, options: ThreadOptions) {
    this.#config = config;
    this.#shared = shared;
    this.#reusePort = options.reusePort;
    this.#claimsPorts = options.claimsPorts ?? false;
    this.#mostTurnedAway = mostTurnedAway(ownDescriptors()?.limit, options.threads);
    const { path, format } = config.accessLog;
    this.#accessSink = createLogSink({ target: path === undefined ? 'stdout' : { path } });
    this.#eventSink = createLogSink({ target: 'stderr' });
    this.#accessLog = createAccessLog({ format, sink: this.#accessSink });
    const events: EventLog = createEventLog(this.#eventSink);
    const observe = (change: UpstreamChange): void => {
      logUpstreamChange(events, change);
      options.observe?.(change);
    };
    this.#upstreams = new Upstreams(config.upstreams, observe, board, options.slots);
    this.#commanded = options.leads ? observe : undefined;
    if (options.leads) this.#prober = new HealthProber(this.#upstreams, board, observe);
    this.#mirrors = new Mirrors(({ upstream, skipped, limit, failed, error }) => {
      events.warn('MIRROR', {
        upstream,
        skipped: skipped || undefined,
        limit,
        failed: failed || undefined,
        error,
      });
    });
    this.#files = new FileMemory({
      memory: options.files,
      threads: options.threads,
      watch: config.fileCache.watch,
      unwatched: (error) => events.warn('FILES', { state: 'unwatched', error, reason: UNWATCHED }),
    });
    this.#context = {
      routes: compileRouteTable(config, {
        upstreams: this.#upstreams,
        mirrors: this.#mirrors,
        files: this.#files,
        closing: this.#closingBegins.signal,
        unwatched: (error) => events.warn('LIVE_RELOAD', { error }),
        writeLock: shared.writeLock,
      }),
      accessLog: this.#accessLog,
      events,
      shared,
      trust: trustOf(config.trustedProxies),
      logsAgents: format === 'combined',
      closed: (session) => this.#closed(session),
    };
  }

  /**
   * Open every listener, when the commands are carried out. Rejects with the system's error when one cannot be, and then
   * none is open.
   */
  async listen(commands: readonly UpstreamCommand[]): Promise<BoundAddress[]> {
    await this.#upstreams.start();
    for (const command of commands) await this.command(command);
    try {
      for (const listener of this.#config.listeners) {
        // One after the other, so that the first failure is the one that is told.
        const accept = listener.proxyProtocol
          ? (transport: OpenTransport) => this.#acceptProxied(transport)
          : (transport: OpenTransport) => this.#accept(transport);
        // Another could share it unnoticed; of a port that the system chooses it makes sure itself.
        if (this.#claimsPorts && listener.kind === 'tcp' && listener.port !== 0) {
          (await claimPort(listener)).release();
        }
        this.#listeners.push(await Listener.open(targetOf(listener), this.#reusePort, accept));
      }
    } catch (error) {
      for (const listener of this.#listeners) listener.close();
      this.#closingBegins.abort();
      throw error;
    }
    this.#prober?.start();
    // By the time somebody asks for a file there may be no descriptor left to load it with.
    if (this.#config.routes.some(({ end }) => end.kind === 'files')) setImmediate(loadMediaTypes);
    return this.#config.listeners.map(({ address }, i) => ({ address, port: this.#listeners[i].port }));
  }

  async command({ upstream, command }: UpstreamCommand): Promise<readonly ServerSnapshot[]> {
    const group = this.#upstreams.get(upstream);
    if (command !== undefined) {
      const done = group.obey(command);
      this.#commanded?.(operatorChange(upstream, command));
      await done;
    }
    return group.snapshot();
  }

  /**
   * Stop: accept no more, let what is in flight or on its way finish, close idle connections, and write the log to its end.
   * What is still there after `timeouts.shutdown` is cut off.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Go on in the log file that has the name now. */
  reopenLog(): void {
    this.#accessSink.reopen();
  }

  /** End every connection, whatever is under way on it. */
  cutOff(): void {
    this.#isCutOff = true;
    for (const session of this.#sessions) session.connection.destroy('server.shutting-down');
  }

  async #close(): Promise<void> {
    const { shutdown } = this.#config.timeouts;
    const patience = setTimeout(() => this.cutOff(), shutdown);
    this.#closingBegins.abort();
    for (const session of this.#sessions) session.connection.drain();
    await this.#takeIn(Math.min(TAKE_IN_MS, shutdown));
    for (const listener of this.#listeners) listener.close();
    // Who has come in since then, too.
    if (this.#isCutOff) this.cutOff();
    for (const session of this.#sessions) session.connection.closeIdle();
    for (const arrival of this.#arrivals) arrival.destroy();
    await this.#untilEmpty();
    clearTimeout(patience);
    this.#prober?.close();
    this.#mirrors.close();
    this.#upstreams.close();
    this.#files.close();
    await this.#accessSink.close();
    await this.#eventSink.close();
  }

  /**
   * Answer what is on its way, each on a connection that is closed behind it: requests that have come and are not read yet,
   * connections that wait to be accepted, and what clients send who have not been told yet that we go. Of a request
   * that meets a closed connection nobody could tell whether it was carried out.
   */
  async #takeIn(ms: number): Promise<void> {
    const latest = performance.now() + ACCEPT_MS;
    let before: number;
    do {
      before = this.#taken;
      await this.#acceptWaiting(latest);
      if (this.#isCutOff) return;
      // Who came last may send what it wants a little later, and so may others come.
      const over = new AbortController();
      await Promise.race([this.#untilEmpty(), sleep(ms, undefined, { signal: over.signal })]);
      over.abort();
    } while (this.#taken > before && performance.now() < latest);
    await this.#acceptWaiting(latest);
  }

  /** Accept until nobody waits: a turn of the event loop brings one connection or a few, and the one after what it sent. */
  async #acceptWaiting(latest: number): Promise<void> {
    let before: number;
    do {
      before = this.#taken;
      await nextTurn();
      await nextTurn();
    } while (this.#taken > before && performance.now() < latest && !this.#isCutOff);
  }

  /** Connections that came to any of the listeners, whatever has become of them. */
  get #taken(): number {
    return this.#listeners.reduce((sum, { taken }) => sum + taken, 0);
  }

  #untilEmpty(): Promise<void> {
    if (this.#isEmpty) return Promise.resolve();
    return new Promise((resolve) => (this.#allClosed = resolve));
  }

  get #isEmpty(): boolean {
    return this.#sessions.size === 0 && this.#arrivals.size === 0;
  }

  #left(): void {
    this.#shared.releaseConnection();
    if (this.#isEmpty) this.#allClosed?.();
  }

  /** Write what the logs still hold before the process ends without `close`. */
  flushLogs(): void {
    this.#accessSink.flushSync();
    this.#eventSink.flushSync();
  }

  #accept(transport: OpenTransport): void {
    if (!this.#shared.tryAcceptConnection(this.#config.limits.connections)) {
      this.#turnAway(transport);
      return;
    }
    const session = new Session(this.#context);
    const connection = new ServerConnection(session, this.#config);
    session.begin(connection, transport.peer);
    this.#sessions.add(session);
    connection.attach(transport);
    if (this.#closing !== undefined) connection.drain();
    transport.open(connection);
  }

  /** From a proxy that says first whose connection it is. */
  #acceptProxied(transport: OpenTransport): void {
    const { address } = transport.peer;
    if (this.#context.trust?.trusts(address) !== true) {
      transport.destroy();
      logRefusal(this.#accessLog, address, 'proxy-protocol.untrusted');
    } else if (this.#shared.tryAcceptConnection(this.#config.limits.connections)) {
      this.#arrivals.add(new Arrival(transport, this, this.#accessLog, this.#config.timeouts.headers));
    } else {
      this.#turnAway(transport);
    }
  }

  // ---- ArrivalOwner

  arrived(arrival: Arrival, transport: OpenTransport, peer: Peer, rest: Buffer | undefined): void {
    this.#arrivals.delete(arrival);
    const session = new Session(this.#context);
    const connection = new ServerConnection(session, this.#config);
    transport.events = connection;
    session.begin(connection, peer);
    this.#sessions.add(session);
    connection.attach(transport);
    if (this.#closing !== undefined) connection.drain();
    if (rest !== undefined) connection.data(rest, rest.length);
  }

  departed(arrival: Arrival): void {
    this.#arrivals.delete(arrival);
    this.#left();
  }

  #closed(session: Session): void {
    this.#sessions.delete(session);
    this.#left();
  }

  #turnAway(transport: OpenTransport): void {
    turnAway(transport, this.#config.serverHeader, this.#mostTurnedAway, (ip, id, bytes) => {
      const error = 'server.connection-limit';
      this.#accessLog.request({
        id,
        ip,
        method: '',
        host: '',
        path: '',
        status: 503,
        bytes,
        latencyMs: 0,
        error,
      });
    });
  }
}

/** What an upstream's change to the better is told as INFO, to the worse as WARN. */
function logUpstreamChange(events: EventLog, change: UpstreamChange): void {
  const { upstream, server, state, detail: error, explanation: reason } = change;
  const { addresses, weight } = change;
  const fields = { upstream, server, state, addresses: addresses?.join(' '), weight, error, reason };
  if (GOOD_NEWS.has(state)) events.info('UPSTREAM', fields);
  else events.warn('UPSTREAM', fields);
}

function targetOf(listener: ListenerConfig): { host?: string | undefined; port?: number; path?: string } {
  return listener.kind === 'unix' ? { path: listener.path } : { host: listener.host, port: listener.port };
}

/** Nobody is asked for each connection where nobody is trusted. */
function trustOf({ addresses, fields }: RuntimeConfig['trustedProxies']): Trust | undefined {
  if (addresses.length === 0) return undefined;
  const trusted = new AddressSet(addresses);
  return { fields, trusts: (address) => trusted.has(address) };
}
