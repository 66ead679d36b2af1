import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { freePort, untilAccepts } from './ports.ts';
import { temporaryDirectory } from './temp.ts';

const PROGRAM = fileURLToPath(new URL('./counting-backend-main.ts', import.meta.url));

/**
 * An application in a process of its own that writes down the X-Id of every request before it answers, in a way that
 * outlives SIGKILL; several of them write into one file.
 */
export class CountingBackend implements AsyncDisposable {
  readonly port: number;
  readonly #file: string;
  #child: Child | undefined = undefined;

  private constructor(port: number, file: string) {
    this.port = port;
    this.#file = file;
  }

  static async start(file: string): Promise<CountingBackend> {
    const backend = new CountingBackend(await freePort(), file);
    await backend.start();
    return backend;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, also again after it was killed. */
  async start(): Promise<void> {
    this.#child = new Child('backend', process.execPath, [PROGRAM, String(this.port), this.#file]);
    await untilAccepts(this.port, this.#child);
  }

  async kill(): Promise<void> {
    await this.#child?.stop('SIGKILL');
  }

  /** Stops as a server does that is being replaced: what it has taken, it answers. */
  async stop(): Promise<void> {
    await this.#child?.stop('SIGTERM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** The file that backends write ids into. */
export class IdFile implements Disposable {
  readonly #directory = temporaryDirectory();
  readonly path: string = this.#directory.write('ids', '');

  /** Every id that has arrived, in order; those that came twice stand there twice. */
  ids(): string[] {
    return readFileSync(this.path, 'utf8').split('\n').slice(0, -1);
  }

  [Symbol.dispose](): void {
    this.#directory.remove();
  }
}
