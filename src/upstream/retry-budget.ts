import { coarseNow } from '../core/deadline.ts';

/** Requests and retries are counted over one to two of these, in milliseconds. */
const WINDOW = 10_000;

/** As many retries may always be: where there are few requests, a share of them would be none. */
const ALWAYS = 10;

/**
 * How many requests may be sent again: a share of those that came in the last seconds. When servers fail one after the
 * other, retries would be the greater part of the load on those that are left; so they are not made any more.
 */
export class RetryBudget {
  readonly #share: number;
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

  /** Whether one may be sent again; if so, that is counted. */
  takeRetry(): boolean {
    if (coarseNow() >= this.#windowEnd) this.#nextWindow();
    const most = ALWAYS + this.#share * (this.#requests + this.#requestsBefore);
    if (this.#retries + this.#retriesBefore >= most) return false;
    this.#retries++;
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
