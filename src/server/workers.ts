import { Worker } from 'node:worker_threads';
import { StartError } from '../config/config-error.ts';
import type { RuntimeConfig } from '../config/runtime-config.ts';
import { eventLine } from '../observe/event-line.ts';
import { reservePorts } from './reserve-ports.ts';
import type { BoundAddress } from './server.ts';
import { SharedState } from './shared-state.ts';
import type { SupervisorMessage, WorkerMessage, WorkerStart } from './worker-messages.ts';

const MAIN = new URL(
  import.meta.url.endsWith('.ts') ? './worker-main.ts' : './worker-main.js',
  import.meta.url,
);

/** How much longer than `timeouts.shutdown` a worker gets, to cut off what is left and to write its log. */
const FORCE_AFTER_MS = 6000;

/**
 * Several threads that serve, each with listeners of its own on the same ports; the system spreads the connections
 * over them. This thread only supervises.
 */
export class Workers {
  /** Settles when all of them have ended: fulfilled after `close`, rejected when one ended by itself. */
  readonly ended: Promise<void>;
  readonly #config: RuntimeConfig;
  readonly #count: number;
  readonly #shared: SharedState;
  readonly #alive = new Set<Worker>();
  #closing = false;
  #settle!: { readonly ended: () => void; readonly crashed: (error: unknown) => void };

  constructor(config: RuntimeConfig, count: number) {
    this.#config = config;
    this.#count = count;
    this.#shared = new SharedState(count);
    this.ended = new Promise((ended, crashed) => {
      this.#settle = { ended, crashed };
    });
  }

  /**
   * Start them all; resolves when each listens.
   *
   * @throws StartError when the system refuses something; then none of them is left
   */
  async listen(): Promise<readonly BoundAddress[]> {
    const config = await reservePorts(this.#config);
    const starting = Array.from({ length: this.#count }, (_, worker) => this.#start(config, worker));
    try {
      const [addresses] = await Promise.all(starting);
      return addresses;
    } catch (error) {
      this.#closing = true;
      await Promise.all(Array.from(this.#alive, (worker) => worker.terminate()));
      throw error;
    }
  }

  /** Stop: each worker finishes what it has in flight. What is not done in time is cut off. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      const message: SupervisorMessage = 'close';
      for (const worker of this.#alive) worker.postMessage(message);
      const force = setTimeout(() => {
        for (const worker of this.#alive) void worker.terminate();
      }, this.#config.timeouts.shutdown + FORCE_AFTER_MS);
      force.unref();
      if (this.#alive.size === 0) this.#settle.ended();
    }
    await this.ended;
  }

  /** A unix socket cannot be shared: the first worker listens on those. */
  #start(config: RuntimeConfig, number: number): Promise<readonly BoundAddress[]> {
    const listeners = config.listeners.filter(({ kind }) => kind === 'tcp' || number === 0);
    const workerData: WorkerStart = {
      config: { ...config, listeners },
      worker: number,
      workers: this.#count,
      shared: this.#shared.buffer,
    };
    const worker = new Worker(MAIN, { workerData, name: `dreamserver-${number}` });
    this.#alive.add(worker);
    return new Promise((resolve, reject) => {
      let started = false;
      let cause: Error | undefined;
      worker.once('message', (message: WorkerMessage) => {
        started = message.type === 'listening';
        if (message.type === 'listening') resolve(message.addresses);
        else reject(new StartError(message.reason));
      });
      worker.once('error', (error) => {
        cause = error instanceof Error ? error : new Error(String(error));
      });
      worker.once('exit', (code) => {
        this.#alive.delete(worker);
        const told = this.#closing && code === 0;
        if (!told) cause ??= new Error(`worker ${number} ended with code ${code}`);
        if (started) this.#ended(number, cause);
        else reject(cause ?? new Error(`worker ${number} ended while it started`));
      });
    });
  }

  /** A worker that served is gone. Unless it was told to, it has crashed, and the others end with it. */
  #ended(number: number, cause: Error | undefined): void {
    if (this.#closing) {
      if (this.#alive.size === 0) this.#settle.ended();
      return;
    }
    this.#closing = true;
    const error = cause?.stack ?? cause?.message;
    process.stderr.write(eventLine('ERROR', 'WORKER', { worker: number, state: 'crashed', error }));
    for (const other of this.#alive) void other.terminate();
    this.#settle.crashed(cause);
  }
}
