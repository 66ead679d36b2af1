import type { RuntimeConfig } from '../config/runtime-config.ts';
import type { UpstreamChange } from '../upstream/upstream.ts';
import type { BoundAddress } from './server.ts';

/** What a supervisor tells a worker thread. */
export type SupervisorMessage =
  /** Serve. */
  | {
      readonly type: 'start';
      readonly config: RuntimeConfig;
      /** Number of this worker, from 0. */
      readonly worker: number;
      readonly workers: number;
      /** Memory of the `SharedState`. */
      readonly shared: SharedArrayBuffer;
      /** Memory of the `HealthBoard`. */
      readonly health: SharedArrayBuffer;
    }
  /** Stop accepting, finish what is in flight, end. */
  | { readonly type: 'close' }
  /** What is still in flight is not waited for. */
  | { readonly type: 'cut-off' };

/** What a worker thread tells its supervisor when it was told to start. */
export type StartOutcome =
  | { readonly type: 'listening'; readonly addresses: readonly BoundAddress[] }
  /** The system refused something: one line that says what. */
  | { readonly type: 'failed'; readonly reason: string };

/** What it tells at any time. */
export type WorkerMessage =
  | StartOutcome
  /** A server of an upstream is another than before. */
  | { readonly type: 'upstream'; readonly change: UpstreamChange };
