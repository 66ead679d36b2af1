import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { within } from './until.ts';

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program that runs beside the test: its output as lines, its end as a promise. */
export class Child {
  readonly pid: number;
  /** Standard output, line by line, so far. */
  readonly stdout: string[] = [];
  /** Standard error, line by line, so far. */
  readonly stderr: string[] = [];
  /** Settles when the process is gone and its output has been read to the end. */
  readonly exited: Promise<Exit>;
  readonly name: string;

  #child: ChildProcess;
  #listeners = new Set<() => void>();

  constructor(name: string, command: string, args: readonly string[], options: ChildOptions = {}) {
    this.name = name;
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.env ?? process.env,
    });
    this.#child = child;
    this.pid = child.pid ?? -1;
    running.add(child);
    const ends = [child.stdout, child.stderr].map((stream, index) => {
      const lines = createInterface({ input: stream });
      lines.on('line', (line) => {
        (index === 0 ? this.stdout : this.stderr).push(line);
        for (const listener of this.#listeners) listener();
      });
      return once(lines, 'close');
    });
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        running.delete(child);
        void Promise.all(ends).then(() => {
          resolve({ code, signal });
          for (const listener of this.#listeners) listener();
        });
      });
    });
    // Whoever awaits `exited` still sees the error; nobody awaiting it must not end the test run.
    this.exited.catch(() => {});
  }

  /** All output so far, for messages. */
  get output(): string {
    return [...this.stdout, ...this.stderr].join('\n');
  }

  get isRunning(): boolean {
    return running.has(this.#child);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', bound = 15_000): Promise<Exit> {
    if (this.isRunning) this.kill(signal);
    return within(bound, `${this.name} ends after ${signal}`, this.exited);
  }

  /**
   * Waits until the output satisfies `look`, which is asked again at every new line.
   *
   * @throws Error with the output so far when the bound is reached or the process ends first.
   */
  async untilOutput<T>(what: string, look: () => T | undefined | false, bound = 15_000): Promise<T> {
    let check: (() => void) | undefined;
    const found = new Promise<T>((resolve, reject) => {
      check = (): void => {
        const value = look();
        if (value !== undefined && value !== false) resolve(value);
        else if (!this.isRunning) reject(new Error(`${this.name} ended before: ${what}\n${this.output}`));
      };
      this.#listeners.add(check);
      check();
    });
    try {
      return await within(bound, `${this.name}: ${what}\n${this.output}`, found);
    } finally {
      if (check) this.#listeners.delete(check);
    }
  }
}
