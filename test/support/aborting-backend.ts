import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { get } from './message.ts';
import { freePort, untilAccepts } from './ports.ts';
import { exchange } from './raw-connection.ts';
import { until } from './until.ts';

const PROGRAM = fileURLToPath(new URL('./aborting-backend-main.ts', import.meta.url));

/** A server in a process of its own that leaves at random moments; and keeps what is asked for below `/held`. */
export class AbortingBackend implements AsyncDisposable {
  readonly port: number;
  readonly #child: Child;

  private constructor(port: number, child: Child) {
    this.port = port;
    this.#child = child;
  }

  static async start(seed: number): Promise<AbortingBackend> {
    const port = await freePort();
    const child = new Child('backend', process.execPath, [PROGRAM, String(port), String(seed)]);
    await untilAccepts(port, child);
    return new AbortingBackend(port, child);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Waits until it keeps this many requests. */
  async untilHeld(count: number): Promise<void> {
    const held = async (): Promise<number> => Number((await exchange(this.port, get('/count'))).body);
    await until(async () => (await held()) === count, { what: `${count} requests held`, within: 15_000 });
  }

  /** Answers what it keeps. */
  async release(): Promise<number> {
    return Number((await exchange(this.port, get('/release'))).body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop('SIGKILL');
  }
}
