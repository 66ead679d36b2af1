import { relative } from 'node:path';
import type { LiveReloadOptions } from './schema.ts';

/** What pages have to do: exchange their style sheets, or load anew. */
export type Change = 'style' | 'page';

/**
 * How long nothing has changed before pages are told, in milliseconds. Who saves writes several files, and for so long
 * files that are in memory may be served without a look at the disk: told sooner, a page could get the old ones.
 */
const QUIET_MS = 500;

/** What is large and none of the pages' business, below a directory that is watched. */
const PASSED_OVER = /(?:^|[/\\])(?:\.git|node_modules)(?:$|[/\\])/;

/** Watches directories and tells of what changes in them, once it has come to rest. */
export class Changes {
  /** Settles when from now on nothing that changes is missed. */
  readonly ready: Promise<void>;
  readonly #tell: (change: Change) => void;
  readonly #closing: AbortSignal;
  #waiting: Change | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** `failed` hears why something cannot be watched; it ends when `closing` is aborted. */
  constructor(
    { watch }: LiveReloadOptions,
    closing: AbortSignal,
    tell: (change: Change) => void,
    failed: (reason: string) => void,
  ) {
    this.#tell = tell;
    this.#closing = closing;
    this.ready = this.#watch(watch, failed);
    closing.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }

  async #watch(paths: readonly string[], failed: (reason: string) => void): Promise<void> {
    // Loaded only where somebody asks for it.
    const { watch } = await import('chokidar');
    if (this.#closing.aborted) return;
    const watcher = watch([...paths], {
      ignoreInitial: true,
      ignored: (path) => paths.every((root) => PASSED_OVER.test(relative(root, path))),
    });
    watcher.on('all', (_, path) => this.#changed(path));
    watcher.on('error', (error) => failed(reasonOf(error)));
    this.#closing.addEventListener('abort', () => void watcher.close(), { once: true });
    await new Promise<void>((resolve) => {
      watcher.once('ready', resolve);
      this.#closing.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #changed(path: string): void {
    if (this.#closing.aborted) return;
    const isStyle = path.endsWith('.css') && this.#waiting !== 'page';
    this.#waiting = isStyle ? 'style' : 'page';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#rest(), QUIET_MS);
  }

  #rest(): void {
    const change = this.#waiting;
    this.#waiting = undefined;
    if (change !== undefined) this.#tell(change);
  }
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
