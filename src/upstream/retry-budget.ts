import { coarseNow } from '../core/deadline.ts';

/** Requests and retries are counted over one to two of these, in milliseconds. */
const WINDOW = 10_000;

/** As many retries may always be: where there are few requests, a share of them would be none. */
const ALWAYS = 10;

/** When a server broke its connections. */
interface Death {
  readonly at: number;
  /** The number of the last request that had been sent by then. */
  readonly lastSent: number;
}

/**
 * How many requests may be sent again: a share of those that came in the last seconds. When servers fail one after the
 * other, retries would be the greater part of the load on those that are left; so they are not made any more.
 *
 * What was with a server at the moment it died is sent again beside that: it is as much as the server had in hand, once,
 * and comes to the others in its stead. Where a server goes on breaking connections, what it is sent from then on counts.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #deaths = new WeakMap<object, Death>();
  #sent = 0;
  #requests = 0;
  #retries = 0;
  #requestsBefore = 0;
  #retriesBefore = 0;
  #windowEnd = 0;

  /** `share`: from 0 to 1. */
  constructor(share: number) {
    this.#share = share;
  }

  /** A request has come. */
  request(): void {
    if (coarseNow() >= this.#windowEnd) this.#nextWindow();
    this.#requests++;
  }

  /** A request is sent to a server, again or for the first time. Answers its number. */
  sent(): number {
    return ++this.#sent;
  }

  /** Whether one may be sent again; if so, that is counted. */
  takeRetry(): boolean {
    if (coarseNow() >= this.#windowEnd) this.#nextWindow();
    const most = ALWAYS + this.#share * (this.#requests + this.#requestsBefore);
    if (this.#retries + this.#retriesBefore >= most) return false;
    this.#retries++;
    return true;
  }

  /** The same for a request of this number, of `sent`, whose connection the server broke: one death is free in each window. */
  takeRetryOfBroken(server: object, sent: number): boolean {
    const now = coarseNow();
    const death = this.#deaths.get(server);
    if (death !== undefined && now < death.at + WINDOW) return sent <= death.lastSent || this.takeRetry();
    this.#deaths.set(server, { at: now, lastSent: this.#sent });
    return true;
  }

  #nextWindow(): void {
    const now = coarseNow();
    const follows = now < this.#windowEnd + WINDOW;
    this.#requestsBefore = follows ? this.#requests : 0;
    this.#retriesBefore = follows ? this.#retries : 0;
    this.#requests = 0;
    this.#retries = 0;
    this.#windowEnd = now + WINDOW;
  }
}
