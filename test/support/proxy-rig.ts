import { startProxy, type ProxyServer, type ProxySetup } from './proxy-server.ts';
import type { RawBackend } from './raw-backend.ts';
import { RawConnection } from './raw-connection.ts';
import { backendsPerTest } from './rig.ts';

/** What a test of the proxy plays with: the backends, the proxy before them, and a client of it. */
export class ProxyRig {
  backends: readonly RawBackend[] = [];
  #proxy: ProxyServer | undefined;
  #client: RawConnection | undefined;

  /** A rig whose backends are new for every test of the file; what a test starts is closed after it. */
  static perTest(backends = 1): ProxyRig {
    const rig = new ProxyRig();
    backendsPerTest(rig, backends);
    return rig;
  }

  /** The backend, where there is but one. */
  get backend(): RawBackend {
    return this.backends[0];
  }

  get proxy(): ProxyServer {
    if (this.#proxy === undefined) throw new Error('the proxy was not started');
    return this.#proxy;
  }

  get client(): RawConnection {
    if (this.#client === undefined) throw new Error('the proxy was not started');
    return this.#client;
  }

  /** Starts a proxy to the backends, or to other servers, in the place of one that runs, and connects a client to it. */
  async start(setup?: ProxySetup, urls = this.backends.map(({ url }) => url)): Promise<void> {
    await this.stop();
    this.#proxy = await startProxy(urls, setup);
    this.#client = await RawConnection.connect(this.#proxy.port);
  }

  /** Closes the client and the proxy, if there are any. */
  async stop(): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
    await this.#proxy?.[Symbol.asyncDispose]();
    this.#proxy = undefined;
  }
}
