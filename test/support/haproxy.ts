import { Child } from './child.ts';
import { program } from './packages.ts';
import { freePort, untilAccepts } from './ports.ts';
import { temporaryDirectory, type TemporaryDirectory } from './temp.ts';

/** A real HAProxy in front of one server: one process with one thread, so that killing it leaves nothing behind. */
export class Haproxy implements AsyncDisposable {
  readonly port: number;
  readonly #directory: TemporaryDirectory;
  readonly #child: Child;

  private constructor(port: number, directory: TemporaryDirectory, child: Child) {
    this.port = port;
    this.#directory = directory;
    this.#child = child;
  }

  /**
   * Starts it in front of a port of 127.0.0.1. It uses a connection of its own for each request, and waits five seconds
   * for more of one.
   */
  static start(backendPort: number): Promise<Haproxy> {
    return Haproxy.#run((port) => configuration(port, backendPort));
  }

  /**
   * Starts it with one `listen` section of the test's own. `bind`: what stands behind the address in its `bind`; `lines`:
   * all the rest.
   */
  static listen({ bind = '', lines }: { bind?: string; lines: readonly string[] }): Promise<Haproxy> {
    return Haproxy.#run((port) => section(port, bind, lines));
  }

  static async #run(configure: (port: number) => string): Promise<Haproxy> {
    const port = await freePort();
    const directory = temporaryDirectory();
    const file = directory.write('haproxy.cfg', configure(port));
    const child = new Child('haproxy', program('haproxy'), ['-db', '-f', file]);
    await untilAccepts(port, child);
    return new Haproxy(port, directory, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop('SIGKILL');
    this.#directory.remove();
  }
}

const configuration = (port: number, backendPort: number): string => `
global
  nbthread 1
  maxconn 200
  no strict-limits
defaults
  mode http
  option http-server-close
  http-reuse never
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend entry
  bind 127.0.0.1:${port}
  default_backend backend
backend backend
  server backend 127.0.0.1:${backendPort}
`;

const section = (port: number, bind: string, lines: readonly string[]): string => `
global
  nbthread 1
  maxconn 200
  no strict-limits
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
listen entry
  bind 127.0.0.1:${port} ${bind}
  ${lines.join('\n  ')}
`;
