import type { RuntimeConfig } from '../config/runtime-config.ts';
import type { BoundAddress } from './server.ts';

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly config: RuntimeConfig;
  /** Number of this worker, from 0. */
  readonly worker: number;
  readonly workers: number;
  /** Memory of the `SharedState`. */
  readonly shared: SharedArrayBuffer;
}

/** What a worker thread tells its supervisor while it starts; afterwards it only ends. */
export type WorkerMessage =
  | { readonly type: 'listening'; readonly addresses: readonly BoundAddress[] }
  /** The system refused something: one line that says what. */
  | { readonly type: 'failed'; readonly reason: string };

/** What a supervisor tells a worker thread: stop accepting, finish what is in flight, end. */
export type SupervisorMessage = 'close';
