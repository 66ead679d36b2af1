import { Worker } from 'node:worker_threads';
import { StartError } from '../config/config-error.ts';
import type { BoundAddress } from './server.ts';
import type { ServerSnapshot } from '../upstream/server-snapshot.ts';
import type { UpstreamObserver } from '../upstream/upstream.ts';
import { ChangeError } from './upstream-commands.ts';
import type { Commanded, UpstreamCommand } from './upstream-commands.ts';
import type { StartOutcome, SupervisorMessage, WorkerMessage } from './worker-messages.ts';

const MAIN = new URL(
  import.meta.url.endsWith('.ts') ? './worker-main.ts' : '../server/worker-main.js',
  import.meta.url,
);

/**
 * What new objects of a thread may take, in MiB. V8 would let it grow to several times as much, which a busy thread fills and is no
 * faster for (docs/decisions/0014).
 */
const YOUNG_GENERATION = 24;

const GONE = 'the server is closed';

function newThread(number: number): Worker {
  try {
    return new Worker(MAIN, {
      name: `dreamserver-${number}`,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION },
    });
  } catch (error) {
    // The message is the system's code for what it said to that.
    throw new StartError(
      `the system gives no thread for worker ${number + 1} (${(error as Error).message}): set \`workers\` to fewer, ` +
        'such as 1, or raise `ulimit -u`, `TasksMax=` of systemd, or the pids limit of the container',
      { cause: error },
    );
  }
}

/** One thread that serves, seen by its supervisor. It loads its code from when it is made. */
export class WorkerThread implements Commanded {
  /** Settles when the thread is gone; with the reason when it was not told to go. */
  readonly ended: Promise<Error | undefined>;
  readonly #thread: Worker;
  readonly #observe: UpstreamObserver;
  #started: (outcome: StartOutcome) => void = () => {};
  #mayEnd = false;
  #gone = false;
  /** The commands that are being carried out, by their numbers. */
  readonly #commands = new Map<number, PromiseWithResolvers<readonly ServerSnapshot[]>>();
  #lastCommand = 0;

  /**
   * `observe`: hears of changes of the servers of upstreams.
   *
   * @throws StartError when the system gives no thread
   */
  constructor(number: number, observe: UpstreamObserver) {
    this.#observe = observe;
    this.#thread = newThread(number);
    this.#thread.on('message', (message: WorkerMessage) => this.#told(message));
    this.ended = new Promise((resolve) => {
      let cause: Error | undefined;
      this.#thread.once('error', (error) => {
        cause = error instanceof Error ? error : new Error(String(error));
      });
      this.#thread.once('exit', (code) => {
        if (!this.#mayEnd) cause ??= new Error(`worker ${number} ended with code ${code}`);
        this.#gone = true;
        for (const { reject } of this.#commands.values()) reject(new ChangeError(GONE));
        resolve(cause);
      });
    });
  }

  /**
   * Tell it to serve; resolves when it listens.
   *
   * @throws StartError when the system refuses something
   */
  async start(order: SupervisorMessage & { type: 'start' }): Promise<readonly BoundAddress[]> {
    const answer = new Promise<StartOutcome>((resolve) => {
      this.#started = resolve;
    });
    this.#send(order);
    const outcome = await Promise.race([answer, this.ended]);
    if (outcome === undefined) throw new Error('the worker was ended while it started');
    if (outcome instanceof Error) throw outcome;
    if (outcome.type === 'failed') throw new StartError(outcome.reason);
    return outcome.addresses;
  }

  /** @throws ChangeError when the thread is gone */
  command(command: UpstreamCommand): Promise<readonly ServerSnapshot[]> {
    const answer = Promise.withResolvers<readonly ServerSnapshot[]>();
    if (this.#gone) {
      answer.reject(new ChangeError(GONE));
    } else {
      const id = ++this.#lastCommand;
      this.#commands.set(id, answer);
      this.#send({ type: 'command', id, command });
    }
    return answer.promise;
  }

  /** Tell it to finish what it has in flight, and to end. */
  close(): void {
    this.#mayEnd = true;
    this.#send({ type: 'close' });
  }

  /** Tell it to wait no more for what it has in flight. */
  cutOff(): void {
    this.#send({ type: 'cut-off' });
  }

  /** Have it go on in the log file that has the name now. */
  reopenLog(): void {
    this.#send({ type: 'reopen-log' });
  }

  /** End it at once. */
  kill(): void {
    this.#mayEnd = true;
    void this.#thread.terminate();
  }

  #told(message: WorkerMessage): void {
    if (message.type === 'upstream') {
      this.#observe(message.change);
    } else if (message.type === 'done') {
      this.#commands.get(message.id)?.resolve(message.servers);
      this.#commands.delete(message.id);
    } else {
      this.#started(message);
    }
  }

  #send(message: SupervisorMessage): void {
    this.#thread.postMessage(message);
  }
}
