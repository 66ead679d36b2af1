import type { UpstreamOptions } from '../../src/upstream/schema.ts';
import { Upstream, type UpstreamObserver } from '../../src/upstream/upstream.ts';
import { upstreamOptions } from './proxy-server.ts';
import type { RawBackend } from './raw-backend.ts';
import { backendsPerTest } from './rig.ts';

interface UpstreamSetup extends Partial<UpstreamOptions> {
  /** Its servers; the backends unless given. */
  readonly urls?: readonly string[] | undefined;
}

/** What a test of an upstream plays with: its servers, and the upstream that chooses among them. */
export class UpstreamRig {
  backends: readonly RawBackend[] = [];
  #upstream: Upstream | undefined;

  /** A rig whose backends are new for every test of the file; its upstream is closed after each. */
  static perTest(backends = 2): UpstreamRig {
    const rig = new UpstreamRig();
    backendsPerTest(rig, backends);
    return rig;
  }

  get first(): RawBackend {
    return this.backends[0];
  }

  get second(): RawBackend {
    return this.backends[1];
  }

  get upstream(): Upstream {
    if (this.#upstream === undefined) throw new Error('the upstream was not made');
    return this.#upstream;
  }

  /** Makes the upstream, in the place of one that there is. */
  make(setup: UpstreamSetup = {}, observe: UpstreamObserver = () => {}): void {
    const { urls = this.backends.map(({ url }) => url), ...changes } = setup;
    this.stop();
    this.#upstream = new Upstream({ ...upstreamOptions(urls), ...changes }, observe);
  }

  stop(): void {
    this.#upstream?.close();
    this.#upstream = undefined;
  }
}
