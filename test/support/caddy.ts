import { Child } from './child.ts';
import { program } from './packages.ts';
import { freePort, untilAccepts } from './ports.ts';
import { type TemporaryDirectory, temporaryDirectory } from './temp.ts';

/** A real Caddy that speaks HTTP/1.1 on 127.0.0.1 and keeps what it writes in a directory of its own. */
export class Caddy implements AsyncDisposable {
  readonly port: number;
  #child: Child;
  #directory: TemporaryDirectory;

  private constructor(port: number, child: Child, directory: TemporaryDirectory) {
    this.port = port;
    this.#child = child;
    this.#directory = directory;
  }

  /** @param sites what each host is answered by, in the words of a Caddyfile; `''` stands for any other host */
  static async start(sites: Readonly<Record<string, string>>): Promise<Caddy> {
    const port = await freePort();
    const directory = temporaryDirectory();
    const blocks = Object.entries(sites).map(
      ([host, lines]) => `http://${host}:${port} {\n  bind 127.0.0.1\n${lines}\n}\n`,
    );
    const global = '{\n  admin off\n  auto_https off\n  servers {\n    protocols h1\n  }\n}\n';
    const file = directory.write('Caddyfile', global + blocks.join(''));
    const { path } = directory;
    const env = { ...process.env, HOME: path, XDG_CONFIG_HOME: path, XDG_DATA_HOME: path };
    const child = new Child('caddy', program('caddy'), ['run', '--config', file, '--adapter', 'caddyfile'], {
      env,
    });
    await untilAccepts(port, child);
    return new Caddy(port, child, directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop('SIGKILL');
    this.#directory.remove();
  }
}
