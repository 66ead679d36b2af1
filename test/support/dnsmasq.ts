import { Child } from './child.ts';
import { program } from './packages.ts';
import { freePort, untilAccepts } from './ports.ts';
import { temporaryDirectory } from './temp.ts';

/** A real name server on a port of 127.0.0.1, which knows what the test tells it and nothing else. */
export class Dnsmasq implements AsyncDisposable {
  readonly port: number;
  readonly #directory = temporaryDirectory();
  #child!: Child;
  #reloads = 0;

  private constructor(port: number) {
    this.port = port;
  }

  /** `hosts`: name → addresses. `services`: SRV records as `--srv-host` takes them: name, host, port, priority, weight. */
  static async start(
    hosts: Readonly<Record<string, readonly string[]>>,
    services: readonly string[] = [],
  ): Promise<Dnsmasq> {
    const server = new Dnsmasq(await freePort());
    server.#write(hosts);
    const place = [`--port=${server.port}`, '--listen-address=127.0.0.1', '--bind-interfaces'];
    const alone = ['--no-resolv', '--no-hosts', '--conf-file=/dev/null', '--local=/test/', '--local-ttl=1'];
    const plain = ['--keep-in-foreground', '--log-facility=-', '--pid-file', '--user=root'];
    server.#child = new Child('dnsmasq', program('dnsmasq'), [
      ...place,
      ...alone,
      ...plain,
      `--addn-hosts=${server.#directory.join('hosts')}`,
      ...services.map((service) => `--srv-host=${service}`),
    ]);
    await untilAccepts(server.port, server.#child);
    return server;
  }

  /** As it stands in a configuration. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** From now on these are the names that it knows. */
  async set(hosts: Readonly<Record<string, readonly string[]>>): Promise<void> {
    this.#write(hosts);
    const wanted = ++this.#reloads;
    this.#child.kill('SIGHUP');
    // The file is read once at the start.
    const reads = (): boolean =>
      this.#child.stderr.filter((line) => line.includes(this.#directory.join('hosts'))).length > wanted;
    await this.#child.untilOutput('dnsmasq has read its hosts', reads);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop('SIGKILL');
    this.#directory.remove();
  }

  #write(hosts: Readonly<Record<string, readonly string[]>>): void {
    const lines = Object.entries(hosts).flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}\n`),
    );
    this.#directory.write('hosts', lines.join(''));
  }
}
