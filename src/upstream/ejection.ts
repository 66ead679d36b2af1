import { monotonicNow } from '../core/clock.ts';
import { Deadline, type Waiter } from '../core/deadline.ts';
import type { EjectOptions } from './eject-schema.ts';

/** Who has to know. */
export interface EjectionOwner {
  /** Whether one server more may be ejected. */
  mayEject(): boolean;
  /** It gets no requests from now on. `reason`: how the last of them failed. */
  ejected(reason: string): void;
  /** It may be tried with one request. */
  due(): void;
  /** It is well again. */
  returned(): void;
}

/**
 * Whether a server is given requests, by how the last ones went:
 *
 *     in ── failures in a row ──▶ ejected ── time is up ──▶ due ── a request takes it ──▶ probing
 *     ▲                              ▲                       ▲                              │
 *     │                              └───── it fails ────────┼──────────────────────────────┤
 *     │                                                      └── it comes to no end in time ┤
 *     └───────────────────────────── it is answered ────────────────────────────────────────┘
 */
export class Ejection implements Waiter<'ejected'> {
  #phase: 'in' | 'ejected' | 'due' | 'probing' = 'in';
  readonly #options: EjectOptions;
  readonly #owner: EjectionOwner;
  #failures = 0;
  #firstFailure = 0;
  #until = 0;
  #deadline: Deadline<'ejected'> | undefined = undefined;

  constructor(options: EjectOptions, owner: EjectionOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Whether it may be given a request. */
  get allows(): boolean {
    return this.#phase === 'in' || this.#phase === 'due';
  }

  /** Whether it is counted as ejected, until it is well again. */
  get out(): boolean {
    return this.#phase !== 'in';
  }

  /** Milliseconds until it is tried; 0 where nothing has to be waited for. */
  get remaining(): number {
    return this.#phase === 'ejected' ? Math.max(0, this.#until - monotonicNow()) : 0;
  }

  /** It is given a request. Answers whether that one shows if it is well; then it has to be told what came of it. */
  take(): boolean {
    if (this.#phase !== 'due') return false;
    this.#phase = 'probing';
    // A request may take as long as its client likes: then another one shows it.
    this.#deadline?.arm('ejected', this.#options.for);
    return true;
  }

  /** A request was answered. */
  succeeded(): void {
    this.#failures = 0;
    if (this.#phase !== 'probing') return;
    this.#phase = 'in';
    this.#deadline?.clear();
    this.#owner.returned();
  }

  /** The request that was to show it came to no end: the next one shows it. */
  undecided(): void {
    if (this.#phase !== 'probing') return;
    this.#deadline?.clear();
    this.#phase = 'due';
    this.#owner.due();
  }

  /** A request was not answered. */
  failed(reason: string): void {
    if (this.#phase === 'probing') this.#eject();
    if (this.#phase !== 'in') return;
    const now = monotonicNow();
    if (this.#failures === 0 || now - this.#firstFailure > this.#options.window) {
      this.#failures = 0;
      this.#firstFailure = now;
    }
    if (++this.#failures < this.#options.failures || !this.#owner.mayEject()) return;
    this.#eject();
    this.#owner.ejected(reason);
  }

  close(): void {
    this.#deadline?.release();
  }

  /** From the deadline. */
  expired(): void {
    this.#phase = 'due';
    this.#owner.due();
  }

  #eject(): void {
    this.#phase = 'ejected';
    this.#failures = 0;
    this.#until = monotonicNow() + this.#options.for;
    this.#deadline ??= new Deadline<'ejected'>(this);
    this.#deadline.arm('ejected', this.#options.for);
  }
}
