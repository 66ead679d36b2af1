import { availableParallelism } from 'node:os';
import { parseConfig } from '../config/parse.ts';
import type { ListenerConfig, RuntimeConfig } from '../config/runtime-config.ts';
import type { Config } from '../config/schema.ts';
import { canReusePort } from './reserve-ports.ts';
import type { BoundAddress } from './server.ts';
import { SharedState } from './shared-state.ts';
import { startFailure } from './start-failure.ts';
import { Workers } from './workers.ts';

/**
 * A server in this process, by default in this very thread (`workers: 1`). Relative paths start at the working
 * directory. Nothing is opened before `listen`.
 *
 * @throws ConfigError with every mistake in the configuration
 * @throws StartError when it makes sense, but a root of files cannot be used
 */
export function createServer(config: Config): Server {
  return new Server(parseConfig({ workers: 1, ...config }));
}

/** What serves: this thread, or several others. */
interface Serving {
  listen(): Promise<readonly BoundAddress[]>;
  close(): Promise<void>;
}

/** A server from its start to its stop, whatever number of threads it has. */
export class Server {
  readonly config: RuntimeConfig;
  #serving: Serving | undefined = undefined;
  #addresses: readonly BoundAddress[] = [];
  #workers = 0;
  #cannotShare = false;
  #end!: { readonly closed: () => void; readonly failed: (error: unknown) => void };
  /**
   * Settles when the server has ended: fulfilled after `close`, rejected when a worker thread crashed and the others
   * were ended with it.
   */
  readonly closed: Promise<void>;

  constructor(config: RuntimeConfig) {
    this.config = config;
    this.closed = new Promise((closed, failed) => {
      this.#end = { closed, failed };
    });
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
   * @throws StartError in one line when an address is in use or the system refuses something else
   */
  async listen(): Promise<void> {
    if (this.#workers !== 0) throw new Error('the server has been started before');
    const { workers, listeners } = this.config;
    const wanted = workers === 'auto' ? availableParallelism() : workers;
    this.#workers = wanted;
    try {
      this.#cannotShare = wanted > 1 && !(await canShare(listeners));
      if (this.#cannotShare) this.#workers = 1;
      this.#serving = this.#workers === 1 ? await this.#inThisThread() : this.#inOthers(wanted);
      this.#addresses = await this.#serving.listen();
    } catch (error) {
      throw startFailure(error, listeners);
    }
  }

  /**
   * Stop: accept no more, finish what is in flight within `timeouts.shutdown`, close idle connections, write the log
   * to its end.
   */
  async close(): Promise<void> {
    await this.#serving?.close();
    this.#end.closed();
  }

  async #inThisThread(): Promise<Serving> {
    // Not loaded where this thread only supervises.
    const { ThreadServer } = await import('./server.ts');
    const server = new ThreadServer(this.config, new SharedState(), { reusePort: false });
    const flush = (): void => server.flushLogs();
    process.once('exit', flush);
    return {
      listen: () => server.listen(),
      close: async () => {
        await server.close();
        process.off('exit', flush);
      },
    };
  }

  #inOthers(count: number): Serving {
    const workers = new Workers(this.config, count);
    workers.ended.catch(this.#end.failed);
    return workers;
  }
}

/** Whether several threads can listen on what is to be listened on. */
async function canShare(listeners: readonly ListenerConfig[]): Promise<boolean> {
  return listeners.some(({ kind }) => kind === 'tcp') && (await canReusePort());
}
