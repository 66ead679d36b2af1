import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type AccessLogEntry, parseAccessLog } from './access-log.ts';
import { Child, type ChildOptions, type Exit } from './child.ts';
import { freePort } from './ports.ts';
import { temporaryDirectory } from './temp.ts';

/** The command as a user runs it: the program and the arguments before the user's own. */
export const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** A configuration as it would stand in dreamserver.yaml; a free port is chosen when it names no listeners. */
export interface Configuration {
  readonly listeners?: readonly { readonly address: string; readonly proxyProtocol?: boolean }[];
  readonly upstreams?: Readonly<Record<string, unknown>>;
  readonly routes?: readonly Readonly<Record<string, unknown>>[];
  readonly accessLog?: Readonly<Record<string, unknown>>;
  readonly fileCache?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly timeouts?: Readonly<Record<string, unknown>>;
  readonly trustedProxies?: readonly string[];
  readonly workers?: 'auto' | number;
}

/** A running DreamServer. */
export class DreamServer implements AsyncDisposable {
  readonly child: Child;
  /** Port of 127.0.0.1 that it listens on. */
  readonly port: number;
  #requests: AccessLogEntry[] = [];
  #linesRead = 0;

  constructor(child: Child, port: number) {
    this.child = child;
    this.port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Requests logged on standard output so far. */
  get requests(): readonly AccessLogEntry[] {
    const { stdout } = this.child;
    for (const entry of parseAccessLog(stdout.slice(this.#linesRead))) this.#requests.push(entry);
    this.#linesRead = stdout.length;
    return this.#requests;
  }

  /** Waits until at least `count` requests are logged and returns them all. */
  untilLogged(count: number): Promise<readonly AccessLogEntry[]> {
    return this.child.untilOutput(`${count} requests logged`, () => {
      const lines = this.requests;
      return lines.length >= count && lines;
    });
  }

  /** Waits until the request of this id is logged, and returns its entries: one, if all is well. */
  untilLoggedAs(id: string): Promise<readonly AccessLogEntry[]> {
    return this.child.untilOutput(`request ${id} logged`, () => {
      const entries = this.requests.filter((entry) => entry.id === id);
      return entries.length > 0 && entries;
    });
  }

  /** Stops it the way an operator does. */
  stop(signal: NodeJS.Signals = 'SIGTERM', bound?: number): Promise<Exit> {
    return this.child.stop(signal, bound);
  }

  /** Stops it where the test has not; that must always go well. @throws Error when it does not exit with 0 */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.child.isRunning) return;
    try {
      const { code, signal } = await this.stop('SIGTERM');
      if (code !== 0)
        throw new Error(`DreamServer ended with ${code ?? signal}\n${this.child.stderr.join('\n')}`);
    } finally {
      this.child.kill('SIGKILL');
    }
  }
}

/** How the program is started, beside what the caller's own process has. */
export interface DreamServerOptions extends ChildOptions {
  /** Files that it may have open, and may not raise. */
  readonly openFiles?: number | undefined;
  /** Threads that it may have, as somebody who runs nothing else; only root can say so. */
  readonly threads?: number;
}

/** A user who runs nothing else, not even another test, and may nevertheless read what root has written. */
const SOMEBODY = `setpriv --reuid ${100_000 + process.pid} --inh-caps +dac_override --ambient-caps +dac_override`;

/** Starts the command line with these arguments; does not wait for anything. */
export function dreamserver(
  args: readonly string[],
  { openFiles, threads, ...options }: DreamServerOptions = {},
): Child {
  const command = [process.execPath, MAIN, ...args];
  if (openFiles !== undefined) command.unshift('sh', '-c', `ulimit -n ${openFiles} && exec "$0" "$@"`);
  if (threads !== undefined)
    command.unshift('bash', '-c', `ulimit -u ${threads} && exec ${SOMEBODY} "$0" "$@"`);
  return new Child('DreamServer', command[0], command.slice(1), options);
}

/** Writes the configuration to a file, runs DreamServer with it and waits until it says that it listens. */
export async function startDreamServer(
  configuration: Configuration,
  environment: NodeJS.ProcessEnv = {},
  openFiles?: number,
): Promise<DreamServer> {
  const port = await freePort();
  const directory = temporaryDirectory();
  const listeners = configuration.listeners ?? [{ address: `127.0.0.1:${port}` }];
  const file = directory.write('dreamserver.yaml', stringify({ ...configuration, listeners }));
  const child = dreamserver(['run', '-c', file], {
    cwd: directory.path,
    env: { ...process.env, ...environment },
    openFiles,
  });
  await untilListening(child);
  const [{ address }] = listeners;
  return new DreamServer(child, Number(address.slice(address.lastIndexOf(':') + 1)));
}

/** Runs one of the short commands (`files DIR`, `proxy URL`) on a free port and waits until it listens. */
export async function startCommand(...args: readonly string[]): Promise<DreamServer> {
  const port = await freePort();
  const child = dreamserver([...args, '--listen', `127.0.0.1:${port}`]);
  await untilListening(child);
  return new DreamServer(child, port);
}

/** Waits until it says that it listens. @throws Error with what it said when it ends before */
export async function untilListening(child: Child): Promise<void> {
  const listens = (): boolean => [...child.stdout, ...child.stderr].some((line) => /listening/i.test(line));
  try {
    await child.untilOutput('it says that it listens', listens);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
