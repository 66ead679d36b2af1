import { monotonicNow } from '../core/clock.ts';
import { Deadline, type Waiter } from '../core/deadline.ts';

/** Decides, by what becomes of the requests, whether too many of them fail. */
export interface TripPolicy {
  succeeded(): void;
  /** Answers whether these are too many. */
  failed(): boolean;
  /** What has been is forgotten. */
  reset(): void;
  /** What it has decided by, for a person; undefined where that goes without saying. */
  readonly evidence: string | undefined;
}

/** How a circuit is tried again. Times in milliseconds. */
export interface CircuitOptions {
  /** For how long it stays open. */
  readonly open: number;
  /** Each time that the trials fail it stays open for twice as long, up to this. */
  readonly maxOpen: number;
  /** Requests that show whether the server is well: all of them have to succeed. */
  readonly trials: number;
}

/** Who has to know. */
export interface CircuitOwner {
  /** Whether it may open: others may be open already. */
  mayOpen(): boolean;
  /** The server gets no requests from now on. `reason`: how the last of them failed. `again`: it was a trial. */
  opened(reason: string, evidence: string | undefined, again: boolean): void;
  /** It may be tried. */
  halfOpened(): void;
  /** It may be tried once more, since a trial has come to no end. */
  trialFree(): void;
  /** It is well again. */
  closed(): void;
}

/**
 * Whether a server is given requests, by how the last ones went:
 *
 *     closed ── too many failures ──▶ open ── time is up ──▶ half-open ── all trials are answered ──▶ closed
 *                                      ▲                         │
 *                                      └───── a trial fails ─────┘
 *
 * What too many are is the policy's to say: that is all in which ejection and circuit breaker differ.
 */
export class Circuit implements Waiter<'open' | 'trial'> {
  #phase: 'closed' | 'open' | 'half-open' = 'closed';
  readonly #policy: TripPolicy;
  readonly #options: CircuitOptions;
  readonly #owner: CircuitOwner;
  #openFor: number;
  #until = 0;
  /** Of half-open: trials that are under way, and those that went well. */
  #pending = 0;
  #passed = 0;
  #deadline: Deadline<'open' | 'trial'> | undefined = undefined;
  /** The server has left: its last requests may still end, and no deadline may be made for them. */
  #left = false;

  constructor(policy: TripPolicy, options: CircuitOptions, owner: CircuitOwner) {
    this.#policy = policy;
    this.#options = options;
    this.#owner = owner;
    this.#openFor = options.open;
  }

  /** Whether a request may be given to it. */
  get allows(): boolean {
    if (this.#phase === 'closed') return true;
    return this.#phase === 'half-open' && this.#pending + this.#passed < this.#options.trials;
  }

  /** Whether the server has yet to show that it is well. */
  get out(): boolean {
    return this.#phase !== 'closed';
  }

  /** Milliseconds until it is tried; 0 where nothing has to be waited for. */
  get remaining(): number {
    return this.#phase === 'open' ? Math.max(0, this.#until - monotonicNow()) : 0;
  }

  /** The server is given a request. Answers whether that is a trial; whoever tells what came of it says so again. */
  take(): boolean {
    if (this.#phase !== 'half-open') return false;
    this.#pending++;
    // A request may take as long as its client likes: then others show it.
    this.#deadline?.arm('trial', this.#openFor);
    return true;
  }

  /** A request was answered. */
  succeeded(trial: boolean): void {
    if (this.#phase === 'closed') this.#policy.succeeded();
    if (!trial || this.#left || this.#phase !== 'half-open') return;
    this.#endTrial();
    if (++this.#passed < this.#options.trials) return;
    this.#phase = 'closed';
    this.#openFor = this.#options.open;
    this.#policy.reset();
    this.#deadline?.clear();
    this.#owner.closed();
  }

  /** A request was not answered, or not as it should be. */
  failed(reason: string, trial: boolean): void {
    if (this.#left) return;
    if (this.#phase === 'half-open') {
      if (!trial) return;
      this.#openFor = Math.min(2 * this.#openFor, this.#options.maxOpen);
      this.#open();
      this.#owner.opened(reason, undefined, true);
    } else if (this.#phase === 'closed' && this.#policy.failed() && this.#owner.mayOpen()) {
      const { evidence } = this.#policy;
      this.#open();
      this.#owner.opened(reason, evidence, false);
    }
  }

  /** A trial came to no end that says anything: another one shows it. */
  undecided(): void {
    if (this.#left || this.#phase !== 'half-open') return;
    this.#endTrial();
    this.#owner.trialFree();
  }

  /** The server is no more: nothing is told of it. */
  close(): void {
    this.#left = true;
    this.#deadline?.release();
  }

  /** From the deadline. */
  expired(): void {
    const first = this.#phase === 'open';
    this.#phase = 'half-open';
    this.#pending = 0;
    if (!first) return this.#owner.trialFree();
    this.#passed = 0;
    this.#owner.halfOpened();
  }

  #open(): void {
    this.#phase = 'open';
    this.#policy.reset();
    this.#until = monotonicNow() + this.#openFor;
    this.#deadline ??= new Deadline(this);
    this.#deadline.arm('open', this.#openFor);
  }

  /** One that is no longer waited for may still end. */
  #endTrial(): void {
    this.#pending = Math.max(0, this.#pending - 1);
    if (this.#pending === 0) this.#deadline?.clear();
  }
}
