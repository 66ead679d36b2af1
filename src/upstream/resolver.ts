import { lookup, Resolver } from 'node:dns/promises';

/** A server that an SRV record names (RFC 2782). */
export interface Service {
  readonly host: string;
  readonly port: number;
  /** Lower ones are asked first. */
  readonly priority: number;
  readonly weight: number;
}

/** Codes that are an answer: the name has no record of that kind, or is not there. */
const NOTHING: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);

/** Finds the addresses of names: as the system does, which reads its hosts file too, or by asking name servers. */
export class NameResolver {
  readonly #resolver = new Resolver({ timeout: 2000, tries: 2 });
  readonly #asksSystem: boolean;

  /** `nameservers`: addresses with or without a port; none for the system's own way. */
  constructor(nameservers: readonly string[]) {
    this.#asksSystem = nameservers.length === 0;
    if (!this.#asksSystem) this.#resolver.setServers(nameservers);
  }

  /**
   * Every IPv4 and IPv6 address of a host, at least one.
   *
   * @throws an error whose `code` says why there is none, such as ENOTFOUND
   */
  async addresses(host: string): Promise<string[]> {
    if (this.#asksSystem) {
      return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);
    }
    const [four, six] = await Promise.allSettled([
      this.#resolver.resolve4(host),
      this.#resolver.resolve6(host),
    ]);
    // Half of an answer would take away the servers of the other half.
    for (const each of [four, six]) {
      if (each.status === 'rejected' && !NOTHING.has(codeOf(each.reason))) throw each.reason as Error;
    }
    if (four.status === 'rejected' && six.status === 'rejected') throw four.reason as Error;
    return [four, six].flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  }

  /** What the SRV records of a name say, at least one. @throws as `addresses` does */
  async services(name: string): Promise<Service[]> {
    const records = await this.#resolver.resolveSrv(name);
    return records.map(({ name: host, port, priority, weight }) => ({ host, port, priority, weight }));
  }

  /** Give up what is under way. */
  close(): void {
    this.#resolver.cancel();
  }
}

/** The code of an error of the name service. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
