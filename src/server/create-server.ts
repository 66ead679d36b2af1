import { understand } from '../config/read.ts';
import type { ConfigSource } from '../config/read.ts';
import type { ListenerConfig, RuntimeConfig } from '../config/runtime-config.ts';
import type { Config } from '../config/schema.ts';
import { workersWanted } from '../config/workers-wanted.ts';
import { type StartTurn, startTurn } from '../net/start-turn.ts';
import { eventLine } from '../observe/event-line.ts';
import { HealthBoard } from '../upstream/health-board.ts';
import type { UpstreamObserver } from '../upstream/upstream.ts';
import { connectionRoom, ownDescriptors } from './descriptor-limit.ts';
import type { Descriptors } from './descriptor-limit.ts';
import { fileCacheMemory } from './file-cache.ts';
import { canReusePort } from './reserve-ports.ts';
import type { BoundAddress } from './server.ts';
import { SharedState } from './shared-state.ts';
import { startFailure } from './start-failure.ts';
import { UpstreamCommands } from './upstream-commands.ts';
import type { Commanded, UpstreamCommand } from './upstream-commands.ts';
import { UpstreamControl } from './upstream-control.ts';
import { Workers } from './workers.ts';

/**
 * A server in this process, by default in this very thread (`workers: 1`). Relative paths start at the working
 * directory. Nothing is checked or opened before `listen`.
 */
export function createServer(config: Config): Server {
  return new Server({ value: { workers: 1, ...config }, origin: { directory: process.cwd() } });
}

/** What serves: this thread, or several others. */
interface Serving extends Commanded {
  listen(config: RuntimeConfig, commands: readonly UpstreamCommand[]): Promise<readonly BoundAddress[]>;
  close(): Promise<void>;
  /** Wait no more for what is in flight; `close` then comes to its end. */
  cutOff(): void;
  reopenLog(): void;
}

/** A server from its start to its stop, whatever number of threads it has. */
export class Server {
  /**
   * Settles when the server has ended: fulfilled after `close`, rejected when a worker thread crashed and the others
   * were ended with it.
   */
  readonly closed: Promise<void>;
  readonly #source: ConfigSource;
  readonly #observers: UpstreamObserver[] = [];
  readonly #failed = (error: unknown): void => {
    this.#commands.close('the server is closed');
    this.#end.failed(error);
  };
  readonly #observe: UpstreamObserver = (change) => {
    for (const observer of this.#observers) observer(change);
  };
  readonly #commands: UpstreamCommands;
  #started = false;
  #config: RuntimeConfig | undefined = undefined;
  #serving: Serving | undefined = undefined;
  #addresses: readonly BoundAddress[] = [];
  #workers = 0;
  #cannotShare = false;
  #end!: { readonly closed: () => void; readonly failed: (error: unknown) => void };

  /** Of a configuration that has been read; see `readConfig`. */
  constructor(source: ConfigSource) {
    this.#source = source;
    this.#commands = new UpstreamCommands(source.origin.directory);
    this.closed = new Promise((closed, failed) => {
      this.#end = { closed, failed };
    });
  }

  /** What the configuration means; known when the server listens. */
  get config(): RuntimeConfig {
    if (this.#config === undefined) throw new Error('the server has not been started');
    return this.#config;
  }

  /**
   * Call `observer` with every change of a server of an upstream, as the event log tells it: each worker's own, so that with
   * several of them the same may be told several times; what was asked for through `upstream` once.
   */
  observeUpstreams(observer: UpstreamObserver): void {
    this.#observers.push(observer);
  }

  /**
   * The upstream of that name, to see and change its servers; one that a route has in place is named as it stands there,
   * `http://10.0.0.1:8000`. Whether there is one shows when it is used.
   */
  upstream(name: string): UpstreamControl {
    return new UpstreamControl(name, this.#commands);
  }

  /** Where it listens; the ports are the real ones where 0 was asked for. Empty before `listen`. */
  get addresses(): readonly BoundAddress[] {
    return this.#addresses;
  }

  /** Threads that serve. 0 before `listen`. */
  get workers(): number {
    return this.#workers;
  }

  /** Whether more threads were asked for, but this system cannot spread the connections of one listener over them. */
  get cannotShare(): boolean {
    return this.#cannotShare;
  }

  /**
   * Start to accept connections; resolves when all listeners are open.
   *
   * @throws ConfigError with every mistake in the configuration
   * @throws StartError in one line when it makes sense but the system refuses something: an address that is in use, a
   * root of files that is not there
   */
  async listen(): Promise<void> {
    if (this.#started) throw new Error('the server has been started before');
    this.#started = true;
    const wanted = workersWanted(this.#source.value);
    const canShare = await canReusePort();
    // Before there are threads, which open some of their own.
    const descriptors = ownDescriptors();
    let begun: Workers | undefined;
    let turn: StartTurn | undefined;
    try {
      // Threads take as long to load as the configuration takes to be understood, so that is done at the same time.
      const workers = wanted > 1 && canShare ? new Workers(wanted, this.#observe) : undefined;
      begun = workers;
      const asked = await understand(this.#source);
      this.#config = asked;
      await freeSocketPaths(asked.listeners);
      const shared = workers !== undefined && asked.listeners.some(({ kind }) => kind === 'tcp');
      if (!shared) await workers?.kill();
      this.#cannotShare = wanted > 1 && !shared;
      this.#workers = shared ? wanted : 1;
      const config = descriptors ? withinDescriptors(asked, this.#workers, descriptors) : asked;
      this.#serving = shared ? workers : await inThisThread(config, canShare, this.#observe);
      const commands = await this.#commands.begin(config.upstreams);
      turn = canShare ? await startTurn(namedPorts(config.listeners)) : undefined;
      this.#addresses = await this.#serving.listen(config, commands);
      this.#commands.listening(this.#serving);
      if (shared) workers.ended.catch(this.#failed);
      if (descriptors) this.#tellOfConnections(config.limits.connections, descriptors);
    } catch (error) {
      await begun?.kill();
      this.#serving = undefined;
      this.#commands.close('the server has not started');
      throw startFailure(error, this.#config?.listeners ?? []);
    } finally {
      turn?.release();
    }
  }

  /**
   * Say it where there is room for fewer connections than were asked for. Nobody has asked for the default, which few need:
   * down to half of it nothing is said, or a system that allows a little less would warn whoever looks at a folder.
   */
  #tellOfConnections(connections: number, { limit }: Descriptors): void {
    const wanted = this.config.limits.connections;
    const isAskedFor = (this.#source.value as Config | null)?.limits?.connections !== undefined;
    if (connections >= (isAskedFor ? wanted : wanted / 2)) return;
    const reason = 'more clients need more open files: raise `ulimit -n`, or `LimitNOFILE=` of systemd';
    process.stderr.write(eventLine('WARN', 'LIMITS', { connections, wanted, openFiles: limit, reason }));
  }

  /**
   * Stop: accept no more, finish what is in flight within `timeouts.shutdown`, close idle connections, write the log
   * to its end.
   */
  async close(): Promise<void> {
    this.#commands.close('the server is closed');
    await this.#serving?.close();
    this.#end.closed();
  }

  /**
   * Go on in the file that `accessLog.path` names now, as after the one with the lines so far has been moved away. Where none can
   * be opened, the event log says so, and the old one stays in use.
   */
  reopenLog(): void {
    this.#serving?.reopenLog();
  }

  /** Wait no more for what is in flight while the server closes: it is cut off, and logged. */
  cutOff(): void {
    this.#serving?.cutOff();
  }
}

/** The same, with no more connections than these threads have descriptors for. */
function withinDescriptors(config: RuntimeConfig, threads: number, descriptors: Descriptors): RuntimeConfig {
  const connections = Math.min(config.limits.connections, connectionRoom(config, threads, descriptors));
  return { ...config, limits: { ...config.limits, connections } };
}

/** Those that others may want too. */
const namedPorts = (listeners: readonly ListenerConfig[]): number[] =>
  listeners.flatMap((listener) => (listener.kind === 'tcp' && listener.port !== 0 ? [listener.port] : []));

async function freeSocketPaths(listeners: readonly ListenerConfig[]): Promise<void> {
  const sockets = listeners.filter((listener) => listener.kind === 'unix');
  if (sockets.length === 0) return;
  const { removeStaleSocket } = await import('./stale-socket.ts');
  await Promise.all(sockets.map(({ path }) => removeStaleSocket(path)));
}

async function inThisThread(
  config: RuntimeConfig,
  reusePort: boolean,
  observe: UpstreamObserver,
): Promise<Serving> {
  // Not loaded where this thread only supervises.
  const { ThreadServer } = await import('./server.ts');
  const board = new HealthBoard();
  const files = fileCacheMemory(config);
  const options = { reusePort, claimsPorts: reusePort, leads: true, observe, files, threads: 1 };
  const server = new ThreadServer(config, new SharedState(), board, options);
  const flush = (): void => server.flushLogs();
  process.once('exit', flush);
  return {
    listen: (_, commands) => server.listen(commands),
    command: (command) => server.command(command),
    close: async () => {
      await server.close();
      process.off('exit', flush);
    },
    cutOff: () => server.cutOff(),
    reopenLog: () => server.reopenLog(),
  };
}
