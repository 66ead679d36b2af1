import { compileRouteTable } from '../config/compile.ts';
import type { ListenerConfig, RuntimeConfig } from '../config/runtime-config.ts';
import { Mirrors } from '../features/proxy/mirror.ts';
import { FileMemory } from '../features/static/file-memory.ts';
import { ServerConnection } from '../http1/server-connection.ts';
import type { Peer } from '../core/peer.ts';
import { AddressSet } from '../net/address-set.ts';
import { Listener } from '../net/listener.ts';
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

const UNWATCHED = 'the system watches no more directories: changes of files are seen a little later';

/** The server of one thread: listeners, connections, handlers, upstream pools and logs, from start to stop. */
export class ThreadServer implements ArrivalOwner, Commanded {
  readonly #config: RuntimeConfig;
  readonly #shared: SharedState;
  readonly #reusePort: boolean;
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

  /** @throws what the configuration's files cause: an access log that cannot be opened, a root that is not there. */
  constructor(config: RuntimeConfig, shared: SharedState, board: HealthBoard, options: ThreadOptions) {
    this.#config = config;
    this.#shared = shared;
    this.#reusePort = options.reusePort;
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
        this.#listeners.push(await Listener.open(targetOf(listener), this.#reusePort, accept));
      }
    } catch (error) {
      for (const listener of this.#listeners) listener.close();
      this.#closingBegins.abort();
      throw error;
    }
    this.#prober?.start();
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
   * Stop: accept no more, let what is in flight finish, close idle connections, and write the log to its end. What is
   * still there after `timeouts.shutdown` is cut off.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** End every connection, whatever is under way on it. */
  cutOff(): void {
    for (const session of this.#sessions) session.connection.destroy('server.shutting-down');
  }

  async #close(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    this.#closingBegins.abort();
    for (const session of this.#sessions) session.connection.drain();
    for (const arrival of this.#arrivals) arrival.destroy();
    if (this.#sessions.size > 0) {
      await new Promise<void>((resolve) => {
        const patience = setTimeout(() => this.cutOff(), this.#config.timeouts.shutdown);
        this.#allClosed = () => {
          clearTimeout(patience);
          resolve();
        };
      });
    }
    this.#prober?.close();
    this.#mirrors.close();
    this.#upstreams.close();
    this.#files.close();
    await this.#accessSink.close();
    await this.#eventSink.close();
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
    if (rest !== undefined) connection.data(rest, rest.length);
  }

  departed(arrival: Arrival): void {
    this.#arrivals.delete(arrival);
    this.#shared.releaseConnection();
  }

  #closed(session: Session): void {
    this.#sessions.delete(session);
    this.#shared.releaseConnection();
    if (this.#sessions.size === 0) this.#allClosed?.();
  }

  #turnAway(transport: OpenTransport): void {
    turnAway(transport, this.#config.serverHeader, (ip, id, bytes) => {
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
