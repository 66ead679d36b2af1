import { write, writeSync } from 'node:fs';
import { monotonicNow } from '../core/clock.ts';
import { Stalls } from '../core/stalls.ts';
import { eventLine } from './event-line.ts';
import type { EventFields, EventLevel } from './event-line.ts';
import { LineQueue } from './line-queue.ts';
import { closeTarget, openTarget } from './log-target.ts';
import type { LogTarget, OpenTarget } from './log-target.ts';

/** Takes log lines and writes them, in their order and in batches, without keeping anybody waiting. */
export interface LogSink {
  /** Take one line or more, each whole and ended by a line feed, in ASCII. Never throws, never waits. */
  write(lines: string): void;
  /**
   * Resolves when what was taken before is written; or, while the target gives errors, when it has been tried once more.
   * Never rejects.
   */
  flush(): Promise<void>;
  /**
   * Write what is there before this returns: the last resort of a process that ends without `close`. Waits for a slow
   * reader half a second at the most.
   */
  flushSync(): void;
  /**
   * Go on in the file that has the target's name now, as after the one with the lines so far has been moved away. Where none can
   * be opened, that is told, and the old one stays. Standard output and standard error are what they are.
   */
  reopen(): void;
  /** Flush, with five seconds for a slow reader, and close the target. Lines that come after the call are not taken. */
  close(): Promise<void>;
}

/** How a sink is made. */
export interface LogSinkOptions {
  readonly target: LogTarget;
  /** Bytes to keep while the target takes nothing; lines beyond are given up, and counted. 16 MiB unless given. */
  readonly heldBytes?: number | undefined;
  /** Takes the event lines about the sink's own trouble. Unless given, they go to stderr. */
  readonly report?: ((line: string) => void) | undefined;
}

/** A batch is written when it has this many bytes, or when its first line is this old. Larger lumps show as latency. */
const BATCH_BYTES = 64 * 1024;
const BATCH_MS = 10;
/** How long to wait before a pipe that was full, or a target that gave an error, is tried again. */
const FULL_RETRY_MS = 10;
const ERROR_RETRY_MS = 250;
/** How long `close` and `flushSync` wait for a slow reader. */
const CLOSE_MS = 5000;
const FLUSH_SYNC_MS = 500;

/**
 * Open a target and make a sink for it.
 *
 * @throws the system's error when the target cannot be opened
 */
export function createLogSink(options: LogSinkOptions): LogSink {
  const { target, heldBytes = 16 * 1024 * 1024, report = reportToStderr } = options;
  return new BatchSink(target, heldBytes, report);
}

class BatchSink implements LogSink {
  readonly #where: LogTarget;
  #target: OpenTarget;
  /** Those from before it was opened anew, which the thread pool still writes to. */
  readonly #former: OpenTarget[] = [];
  readonly #report: (line: string) => void;
  readonly #queue: LineQueue;
  /** Runs while the open batch grows old. */
  #age: NodeJS.Timeout | undefined = undefined;
  /** Runs while a target that took nothing is left alone. */
  #retry: NodeJS.Timeout | undefined = undefined;
  /** Whether the thread pool is writing. */
  #inPool = false;
  /** Bytes of the batch that it has in hand. */
  #inHand = 0;
  /** Whether a file's writes are not the page cache's at the moment: then the thread pool makes them (ADR 0003). */
  readonly #stalls = new Stalls();
  /** Whether the last write gave an error. */
  #failing = false;
  /** Whether trouble has been reported, and its end has not. */
  #troubled = false;
  #flushes: { readonly upTo: number; readonly done: () => void }[] = [];
  #closed: Promise<void> | undefined = undefined;

  constructor(where: LogTarget, heldBytes: number, report: (line: string) => void) {
    this.#where = where;
    this.#target = openTarget(where);
    this.#queue = new LineQueue(BATCH_BYTES, heldBytes);
    this.#report = report;
  }

  write(lines: string): void {
    if (this.#closed !== undefined) return;
    if (this.#queue.add(lines) >= BATCH_BYTES) this.#batchFull();
    else if (this.#age === undefined) this.#age = setTimeout(this.#batchOld, BATCH_MS);
  }

  flush(): Promise<void> {
    const queue = this.#queue;
    queue.seal();
    this.#tryAgain();
    const upTo = queue.sealedBytes;
    if (queue.goneBytes >= upTo || this.#failing) return Promise.resolve();
    return new Promise((done) => {
      this.#flushes.push({ upTo, done });
    });
  }

  flushSync(): void {
    this.#leaveToPool();
    const deadline = monotonicNow() + FLUSH_SYNC_MS;
    while (this.#hasBatch()) {
      try {
        this.#advance(writeSync(this.#target.fd, this.#queue.bytes, this.#queue.start, this.#piece()));
      } catch (error) {
        const code = codeOf(error);
        if (!isPassing(code) || monotonicNow() > deadline) {
          this.#giveUp(code);
          return;
        }
        sleepSync(1);
      }
    }
  }

  reopen(): void {
    if (typeof this.#where === 'string' || this.#closed !== undefined) return;
    // What was logged before goes where it was logged to.
    this.#pump();
    const before = this.#target;
    try {
      this.#target = openTarget(this.#where);
    } catch (error) {
      this.#say('ERROR', { state: 'not-reopened', error: codeOf(error) });
      return;
    }
    if (this.#inPool) this.#former.push(before);
    else this.#closeFormer(before);
    this.#tryAgain();
  }

  /** Some file systems tell only then that they have lost something, such as NFS over a quota. */
  #closeFormer(target: OpenTarget): void {
    try {
      closeTarget(target);
    } catch (error) {
      this.#say('ERROR', { state: 'closed', error: codeOf(error) });
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    let patience: NodeJS.Timeout | undefined;
    const outOfPatience = new Promise<void>((resolve) => {
      patience = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([this.flush(), outOfPatience]);
    clearTimeout(patience);
    clearTimeout(this.#age);
    this.#endRetry();
    this.#leaveToPool();
    this.#giveUp();
    // A descriptor that the thread pool is stuck with is left to the end of the process.
    if (!this.#inPool) closeTarget(this.#target);
  }

  /** What the thread pool has in hand it writes to its end, also when the process ends. */
  #leaveToPool(): void {
    if (this.#inHand > 0) this.#queue.abandon(this.#inHand);
    this.#inHand = 0;
  }

  #giveUp(error?: string): void {
    this.#queue.giveUpRest();
    const lost = this.#queue.takeLostLines();
    if (lost > 0) this.#say('ERROR', { state: 'closed', error, lost });
    this.#endFlushes();
  }

  readonly #batchOld = (): void => {
    this.#age = undefined;
    this.#pump();
  };

  #batchFull(): void {
    if (!this.#isBusy()) this.#pump();
    else if (!this.#queue.sealOrGiveUp()) this.#meetTrouble('STALLED');
  }

  #isBusy(): boolean {
    return this.#inPool || this.#retry !== undefined;
  }

  #hasBatch(): boolean {
    return this.#queue.start < this.#queue.end || this.#queue.load();
  }

  #piece(): number {
    return this.#queue.pieceWithin(this.#target.atomicBytes);
  }

  /** Write until nothing is left, the thread pool has it, or the target takes nothing. */
  #pump(): void {
    while (!this.#isBusy()) {
      if (!this.#hasBatch()) {
        if (this.#troubled) this.#endTrouble();
        return;
      }
      const now = monotonicNow();
      if (this.#target.mayBlock === 'freely' || this.#stalls.areExpected(now)) this.#writeInPool();
      else this.#writeNow(now);
    }
  }

  #writeNow(now: number): void {
    const { fd, mayBlock } = this.#target;
    try {
      this.#advance(writeSync(fd, this.#queue.bytes, this.#queue.start, this.#piece()));
    } catch (error) {
      this.#fail(codeOf(error));
    }
    if (mayBlock !== 'rarely') return;
    const endedAt = monotonicNow();
    this.#stalls.took(endedAt - now, endedAt);
  }

  #writeInPool(): void {
    const { bytes, start } = this.#queue;
    this.#inPool = true;
    this.#inHand = this.#piece();
    write(this.#target.fd, bytes, start, this.#inHand, null, (error, written) => {
      this.#inPool = false;
      this.#inHand = 0;
      for (const former of this.#former.splice(0)) this.#closeFormer(former);
      // Another buffer: `flushSync` or `close` has gone past this batch.
      if (bytes === this.#queue.bytes) {
        if (error === null) this.#advance(written);
        else this.#fail(codeOf(error));
      }
      this.#pump();
    });
  }

  #advance(written: number): void {
    this.#failing = false;
    this.#queue.advance(written);
    if (this.#flushes.length > 0) this.#endFlushes();
  }

  #endFlushes(): void {
    const ended = this.#flushes.filter(({ upTo }) => upTo <= this.#queue.goneBytes);
    this.#flushes = this.#flushes.slice(ended.length);
    for (const { done } of ended) done();
  }

  #fail(code: string): void {
    if (isPassing(code)) {
      this.#retry = setTimeout(this.#tryAgain, FULL_RETRY_MS);
      return;
    }
    // A target out of order is no reason for a process to live on that has nothing else to do.
    this.#retry = setTimeout(this.#tryAgain, ERROR_RETRY_MS).unref();
    this.#failing = true;
    this.#meetTrouble(code);
    for (const { done } of this.#flushes.splice(0)) done();
  }

  readonly #tryAgain = (): void => {
    this.#endRetry();
    this.#pump();
  };

  #endRetry(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  /** Said once, until nothing is left to write. */
  #meetTrouble(error: string): void {
    if (this.#troubled) return;
    this.#troubled = true;
    this.#say('ERROR', { state: 'failing', error });
  }

  #endTrouble(): void {
    this.#troubled = false;
    const lost = this.#queue.takeLostLines();
    this.#say(lost === 0 ? 'INFO' : 'WARN', { state: 'working', lost });
  }

  #say(level: EventLevel, fields: EventFields): void {
    this.#report(eventLine(level, 'LOG', { target: this.#target.name, ...fields }));
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** Full at the moment, or interrupted: no error, only not now. */
function isPassing(code: string): boolean {
  return code === 'EAGAIN' || code === 'EINTR';
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function reportToStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // There is nobody left to tell.
  }
}
