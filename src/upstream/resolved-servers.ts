import { codeOf, NameResolver } from './resolver.ts';
import type { UpstreamOptions, UpstreamServer } from './schema.ts';

/** How soon a name is looked up again that has never had an address, in milliseconds. */
const SOON = 1000;

/** How long a start may be held up by name servers, in milliseconds. */
const PATIENCE = 3000;

/** Who uses the servers that are found. */
export interface ResolvedServersOwner {
  /** The servers from now on. */
  use(servers: readonly UpstreamServer[]): void;
  /** Other addresses have been found for this server of the configuration. */
  resolved(server: UpstreamServer, found: readonly UpstreamServer[]): void;
  /** None have been found; those that were known stay. Told once. */
  unresolved(server: UpstreamServer, code: string): void;
}

function isName({ hostname, path }: UpstreamServer, { resolve }: UpstreamOptions): boolean {
  if (path !== undefined || resolve.static[hostname.toLowerCase()] !== undefined) return false;
  return !/^[0-9.]+$/.test(hostname) && !hostname.includes(':');
}

/**
 * The servers of an upstream, with those that have names replaced by one for each address that is found for it: looked up
 * at the start, and again and again. When the name service fails, what was known is still the best guess.
 */
export class ResolvedServers {
  readonly #options: UpstreamOptions;
  readonly #owner: ResolvedServersOwner;
  readonly #resolver: NameResolver;
  readonly #interval: number;
  /** With the names as they are. */
  #listed: readonly UpstreamServer[];
  /** For each of those that has a name. */
  readonly #found = new Map<UpstreamServer, readonly UpstreamServer[]>();
  readonly #failing = new Set<UpstreamServer>();
  #timer: NodeJS.Timeout | undefined = undefined;
  #closed = false;

  constructor(options: UpstreamOptions, owner: ResolvedServersOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#resolver = new NameResolver(options.resolve.nameservers);
    this.#interval = options.resolve.interval ?? 0;
    this.#listed = options.servers;
    for (const server of this.#listed) if (isName(server, options)) this.#found.set(server, []);
  }

  /** The servers as far as they are known. */
  get servers(): readonly UpstreamServer[] {
    const all = this.#listed.flatMap((server) => this.#found.get(server) ?? [server]);
    // Two names may well be of one server.
    return [...new Map(all.map((server) => [server.url, server])).values()];
  }

  /** Those whose names have no address yet. */
  get missing(): readonly UpstreamServer[] {
    return this.#listed.filter((server) => this.#found.get(server)?.length === 0);
  }

  /**
   * Look everything up, now and from now on. Resolves when the first answers are here, good or bad, or are not worth
   * waiting for any more; it never rejects.
   */
  start(): Promise<void> {
    return patiently(this.#lookUpAll([...this.#found.keys()]));
  }

  /** These are the servers from now on. Resolves as `start` does, when the names that are new have been looked up. */
  async list(servers: readonly UpstreamServer[]): Promise<void> {
    this.#listed = servers;
    for (const server of this.#found.keys()) {
      if (servers.includes(server)) continue;
      this.#found.delete(server);
      this.#failing.delete(server);
    }
    const added = servers.filter((server) => isName(server, this.#options) && !this.#found.has(server));
    for (const server of added) this.#found.set(server, []);
    this.#owner.use(this.servers);
    if (added.length > 0) await patiently(this.#lookUpAll(added));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#resolver.close();
  }

  /** Look these up now, and all of them again and again. */
  async #lookUpAll(names: readonly UpstreamServer[]): Promise<void> {
    const changes = await Promise.all(names.map((server) => this.#resolve(server)));
    if (this.#closed) return;
    if (changes.includes(true)) this.#owner.use(this.servers);
    const pause = this.missing.length > 0 ? Math.min(SOON, this.#interval) : this.#interval;
    clearTimeout(this.#timer);
    if (this.#found.size === 0) return;
    this.#timer = setTimeout(() => void this.#lookUpAll([...this.#found.keys()]), pause);
    this.#timer.unref();
  }

  /** Look up one name; answers whether its servers are others than before. */
  async #resolve(server: UpstreamServer): Promise<boolean> {
    try {
      const found = await this.#lookUp(server);
      if (this.#closed || !this.#found.has(server)) return false;
      const recovered = this.#failing.delete(server);
      const changed = !sameServers(found, this.#found.get(server) ?? []);
      this.#found.set(server, found);
      if (changed || recovered) this.#owner.resolved(server, found);
      return changed;
    } catch (error) {
      if (!this.#closed && this.#found.has(server) && !this.#failing.has(server)) {
        this.#failing.add(server);
        this.#owner.unresolved(server, codeOf(error));
      }
      return false;
    }
  }

  async #lookUp(server: UpstreamServer): Promise<UpstreamServer[]> {
    if (!this.#options.resolve.srv) {
      return (await this.#addresses(server.hostname)).map((address) => at(server, address, server.port));
    }
    const services = await this.#resolver.services(server.hostname);
    const first = Math.min(...services.map(({ priority }) => priority));
    const found = await Promise.allSettled(
      services.map(async ({ host, port, priority, weight }) => {
        // A weight of 0 is for servers that should get next to nothing (RFC 2782).
        const share = { ...server, weight: Math.max(1, weight), backup: server.backup || priority > first };
        return (await this.#addresses(host)).map((address) => at(share, address, port));
      }),
    );
    const addresses = found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    // A service that has gone takes none of the others with it; where all have, the first says why.
    const [failed] = found.filter((each) => each.status === 'rejected');
    if (addresses.length === 0 && failed !== undefined) throw failed.reason;
    return addresses;
  }

  /** In an order of their own, since name servers give them in another each time. */
  async #addresses(host: string): Promise<string[]> {
    const known = this.#options.resolve.static[host.toLowerCase()];
    return known === undefined ? (await this.#resolver.addresses(host)).toSorted() : [known];
  }
}

/** Waits for what comes from name servers, and not for too long. */
async function patiently(answers: Promise<void>): Promise<void> {
  let patience: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    patience = setTimeout(resolve, PATIENCE);
  });
  await Promise.race([answers, late]);
  clearTimeout(patience);
}

/** The server at one of its addresses: the name stays what it is asked for by, and has to prove. */
function at(server: UpstreamServer, address: string, port: number): UpstreamServer {
  const host = address.includes(':') ? `[${address}]` : address;
  const { origin } = new URL(`${server.secure ? 'https' : 'http'}://${host}:${port}`);
  return { ...server, url: origin, address, port, foundFor: server.url };
}

function sameServers(some: readonly UpstreamServer[], others: readonly UpstreamServer[]): boolean {
  const key = ({ url, weight, backup }: UpstreamServer): string => `${url} ${weight} ${backup}`;
  return some.map(key).toSorted().join() === others.map(key).toSorted().join();
}
