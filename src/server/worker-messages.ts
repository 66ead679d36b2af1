import type { RuntimeConfig } from '../config/runtime-config.ts';
import type { UpstreamChange } from '../upstream/upstream.ts';
import type { ServerSnapshot } from '../upstream/server-snapshot.ts';
import type { BoundAddress } from './server.ts';
import type { UpstreamCommand } from './upstream-commands.ts';

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
      /** To be carried out before it listens. */
      readonly commands: readonly UpstreamCommand[];
      /** Memory of the `SlotBoard`; undefined where no requests in flight are counted. */
      readonly slots: SharedArrayBuffer | undefined;
      /** Memory for files; undefined for none. */
      readonly files: SharedArrayBuffer | undefined;
    }
  /** Carry out a command; the answer has the same number. */
  | { readonly type: 'command'; readonly id: number; readonly command: UpstreamCommand }
  /** Stop accepting, finish what is in flight, end. */
  | { readonly type: 'close' }
  /** What is still in flight is not waited for. */
  | { readonly type: 'cut-off' }
  /** Go on in the log file that has the name now. */
  | { readonly type: 'reopen-log' };

/** What a worker thread tells its supervisor when it was told to start. */
export type StartOutcome =
  | { readonly type: 'listening'; readonly addresses: readonly BoundAddress[] }
  /** The system refused something: one line that says what. */
  | { readonly type: 'failed'; readonly reason: string };

/** What it tells at any time. */
export type WorkerMessage =
  | StartOutcome
  /** A command is carried out. */
  | { readonly type: 'done'; readonly id: number; readonly servers: readonly ServerSnapshot[] }
  /** A server of an upstream is another than before. */
  | { readonly type: 'upstream'; readonly change: UpstreamChange };
