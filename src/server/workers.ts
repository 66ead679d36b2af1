import type { RuntimeConfig } from '../config/runtime-config.ts';
import { eventLine } from '../observe/event-line.ts';
import { fileCacheMemory } from './file-cache.ts';
import { reservePorts } from './reserve-ports.ts';
import { HealthBoard } from '../upstream/health-board.ts';
import { limitsRequests } from '../upstream/server-slots.ts';
import { SlotBoard } from '../upstream/slot-board.ts';
import type { UpstreamObserver } from '../upstream/upstream.ts';
import { mergeSnapshots } from '../upstream/server-snapshot.ts';
import type { ServerSnapshot } from '../upstream/server-snapshot.ts';
import type { BoundAddress } from './server.ts';
import { SharedState } from './shared-state.ts';
import type { Commanded, UpstreamCommand } from './upstream-commands.ts';
import type { SupervisorMessage } from './worker-messages.ts';
import { WorkerThread } from './worker-thread.ts';

/** How much longer than `timeouts.shutdown` a worker gets, to cut off what is left and to write its log. */
const FORCE_AFTER_MS = 6000;

function newThreads(count: number, observe: UpstreamObserver): readonly WorkerThread[] {
  const threads: WorkerThread[] = [];
  try {
    while (threads.length < count) threads.push(new WorkerThread(threads.length, observe));
    return threads;
  } catch (error) {
    for (const thread of threads) thread.kill();
    throw error;
  }
}

/**
 * Several threads that serve, each with listeners of its own on the same ports; the system spreads the connections
 * over them. This thread only supervises. The threads load their code from when this is made.
 */
export class Workers implements Commanded {
  /** Fulfilled when all of them have ended as they were told to, rejected when one has ended by itself. */
  readonly ended: Promise<void>;
  readonly #threads: readonly WorkerThread[];
  readonly #shared: SharedState;
  #serving = false;
  #shutdown = 0;

  /**
   * `observe`: hears of changes of the servers of upstreams, in any of them.
   *
   * @throws StartError when the system does not give so many threads; then none of them is left
   */
  constructor(count: number, observe: UpstreamObserver) {
    this.#threads = newThreads(count, observe);
    this.#shared = new SharedState(count);
    this.ended = Promise.all(
      this.#threads.map(async (thread, number) => {
        const cause = await thread.ended;
        if (cause === undefined) return;
        if (this.#serving) this.#crashed(number, cause);
        throw cause;
      }),
    ).then(() => undefined);
    // While it starts, `listen` tells what went wrong.
    this.ended.catch(() => {});
  }

  /**
   * Tell them to serve; resolves when each listens.
   *
   * @throws StartError when the system refuses something; then none of them is left
   */
  async listen(
    config: RuntimeConfig,
    commands: readonly UpstreamCommand[],
  ): Promise<readonly BoundAddress[]> {
    try {
      const reserved = await reservePorts(config);
      const memory = {
        health: new HealthBoard().buffer,
        slots: config.upstreams.some(limitsRequests)
          ? new SlotBoard(config.upstreams.length, this.#threads.length).buffer
          : undefined,
        files: fileCacheMemory(config),
      };
      const [addresses] = await Promise.all(
        this.#threads.map((thread, number) => this.#start(thread, number, reserved, memory, commands)),
      );
      this.#serving = true;
      this.#shutdown = config.timeouts.shutdown;
      return addresses;
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  async command(command: UpstreamCommand): Promise<readonly ServerSnapshot[]> {
    return mergeSnapshots(await Promise.all(this.#threads.map((thread) => thread.command(command))));
  }

  /** Stop: each worker finishes what it has in flight. What is not done in time is cut off. */
  async close(): Promise<void> {
    for (const thread of this.#threads) thread.close();
    const force = setTimeout(() => void this.kill(), this.#shutdown + FORCE_AFTER_MS);
    await this.ended.finally(() => clearTimeout(force));
  }

  /** Have them wait no more for what is in flight. */
  cutOff(): void {
    for (const thread of this.#threads) thread.cutOff();
  }

  /** Have each go on in the log file that has the name now. */
  reopenLog(): void {
    for (const thread of this.#threads) thread.reopenLog();
  }

  /** End them at once. */
  async kill(): Promise<void> {
    for (const thread of this.#threads) thread.kill();
    await Promise.all(this.#threads.map(({ ended }) => ended));
  }

  /** A unix socket cannot be shared: the first worker listens on those. */
  #start(
    thread: WorkerThread,
    worker: number,
    config: RuntimeConfig,
    memory: Pick<SupervisorMessage & { type: 'start' }, 'health' | 'slots' | 'files'>,
    commands: readonly UpstreamCommand[],
  ): Promise<readonly BoundAddress[]> {
    const listeners = config.listeners.filter(({ kind }) => kind === 'tcp' || worker === 0);
    return thread.start({
      type: 'start',
      config: { ...config, listeners },
      worker,
      workers: this.#threads.length,
      shared: this.#shared.buffer,
      ...memory,
      commands,
    });
  }

  /** A worker that served is gone without having been told to: the others end with it. */
  #crashed(worker: number, { stack, message }: Error): void {
    process.stderr.write(eventLine('ERROR', 'WORKER', { worker, state: 'crashed', error: stack ?? message }));
    for (const thread of this.#threads) thread.kill();
  }
}
