import { coarseNow, Deadline } from '../../core/deadline.ts';
import type { Waiter } from '../../core/deadline.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { Turns } from '../../upstream/balance/turns.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import type { Upstreams } from '../../upstream/upstreams.ts';
import { ByteBudget, CopiedBody } from './copied-body.ts';
import type { MirrorOptions } from './mirror-schema.ts';
import { MirroredRequest } from './mirrored-request.ts';
import type { ProxyExchange } from './proxy-exchange.ts';
import type { ProxyOptions } from './schema.ts';
import { WHOLE } from './whole.ts';
import { asksForUpgrade } from './upstream-head.ts';

/** What did not reach a shadow since the last report. */
export interface MirrorReport {
  /** The shadow's name. */
  readonly upstream: string;
  /** Requests that were not copied, since a bound was reached. */
  readonly skipped: number;
  /** The last of those bounds, as the option is called; or `failures`. */
  readonly limit: string | undefined;
  /** Copies that got no answer, or half of one. */
  readonly failed: number;
  /** Why the last of them did: a code of the catalogue, or `timeout`. */
  readonly error: string | undefined;
}

/** Between two reports of a mirror, in milliseconds. */
const REPORT_MS = 1000;

/** So many failures in a row, and a copy is sent only now and then: a server that is down costs its clients dear. */
const MOST_FAILURES = 5;
/** From one such copy to the next, in milliseconds. */
const RETRY_MS = 1000;

/** The mirrors of one thread. */
export class Mirrors {
  readonly #report: (report: MirrorReport) => void;
  readonly #mirrors: Mirror[] = [];

  /** `report` hears of a mirror at once when something does not reach the shadow, and then at most once a second. */
  constructor(report: (report: MirrorReport) => void) {
    this.#report = report;
  }

  /** The mirror of a route with these options. */
  create(options: ProxyOptions, mirror: MirrorOptions, upstreams: Upstreams): Mirror {
    const created = new Mirror(options, mirror, upstreams.get(mirror.to), this.#report);
    this.#mirrors.push(created);
    return created;
  }

  /** Copies that are on their way. */
  get inFlight(): number {
    return this.#mirrors.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** Bytes that bodies of copies take. */
  get held(): number {
    return this.#mirrors.reduce((sum, { held }) => sum + held, 0);
  }

  /** Nobody waits for what is on its way: it is broken off. */
  close(): void {
    for (const mirror of this.#mirrors) mirror.close();
  }
}

/**
 * Sends copies of a route's requests to a shadow, beside the requests themselves. These know nothing of it: a copy is sent
 * when its request has been, and has all of the body by then; whatever becomes of it is counted and told, and nothing else.
 */
export class Mirror implements Waiter<'report'> {
  readonly #proxy: ProxyOptions;
  readonly #options: MirrorOptions;
  readonly #shadow: Upstream;
  readonly #report: (report: MirrorReport) => void;
  readonly #inFlight = new Set<MirroredRequest>();
  readonly #budget: ByteBudget;
  readonly #turns = new Turns();
  /** Weights of the turns: to be copied, and not to be. */
  readonly #copied: number;
  readonly #passed: number;
  readonly #deadline = new Deadline<'report'>(this);
  #failuresInRow = 0;
  /** When the last copy was sent to a shadow that fails, on the coarse clock. */
  #triedAt = 0;
  #skipped = 0;
  #limit: string | undefined = undefined;
  #failed = 0;
  #error: string | undefined = undefined;

  constructor(
    proxy: ProxyOptions,
    options: MirrorOptions,
    shadow: Upstream,
    report: (report: MirrorReport) => void,
  ) {
    this.#proxy = proxy;
    this.#options = options;
    this.#shadow = shadow;
    this.#report = report;
    this.#budget = new ByteBudget(options.memory);
    this.#turns.reset(2);
    this.#copied = Math.round(options.share * WHOLE);
    this.#passed = WHOLE - this.#copied;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get held(): number {
    return this.#budget.held;
  }

  /** Start a request, and send its copy where it is one of those that are copied. */
  start(proxied: ProxyExchange, exchange: Exchange, target: string): void {
    const { body } = proxied;
    if (!this.#wants(exchange, body?.length)) {
      proxied.start();
    } else if (body === null) {
      proxied.start();
      this.#send(exchange, target, null, 0);
    } else {
      proxied.body = new CopiedBody(body, this.#options.maxBody, this.#budget, {
        copied: (bytes, taken) => this.#send(exchange, target, bytes, taken),
        tooMuch: (limit) => this.#skip(limit),
      });
      proxied.start();
    }
  }

  close(): void {
    for (const request of this.#inFlight) request.cancel();
    if (this.#deadline.phase !== undefined) this.expired();
    this.#deadline.release();
  }

  #wants(exchange: Exchange, length: number | undefined): boolean {
    const { request, aborted } = exchange;
    if (aborted || request.form === 'authority' || asksForUpgrade(request, this.#proxy)) return false;
    const { maxBody, inFlight } = this.#options;
    this.#turns.offer(0, this.#copied);
    this.#turns.offer(1, this.#passed);
    if (this.#turns.take() === 1) return false;
    if (length !== undefined && length > maxBody) return this.#skip('maxBody');
    if (this.#inFlight.size >= inFlight) return this.#skip('inFlight');
    return this.#failuresInRow < MOST_FAILURES || this.#mayTry() || this.#skip('failures');
  }

  /** Whether it is time to see if the shadow is well again. */
  #mayTry(): boolean {
    const now = coarseNow();
    if (now - this.#triedAt < RETRY_MS) return false;
    this.#triedAt = now;
    return true;
  }

  /** `taken`: of the budget. */
  #send(exchange: Exchange, target: string, body: Buffer | null, taken: number): void {
    // There were fewer when its body began.
    if (this.#inFlight.size >= this.#options.inFlight) {
      this.#budget.giveBack(taken);
      this.#skip('inFlight');
      return;
    }
    const sent = new MirroredRequest(exchange, this.#proxy, target, body, (request, failure) => {
      this.#inFlight.delete(request);
      this.#budget.giveBack(taken);
      if (failure === undefined) this.#failuresInRow = 0;
      else this.#fail(failure);
    });
    this.#inFlight.add(sent);
    sent.start(this.#shadow, this.#options.timeout);
  }

  #skip(limit: string): false {
    this.#skipped++;
    this.#limit = limit;
    this.#tell();
    return false;
  }

  #fail(error: string): void {
    this.#failed++;
    if (++this.#failuresInRow === MOST_FAILURES) this.#triedAt = coarseNow();
    this.#error = error;
    this.#tell();
  }

  /** Now where there was nothing to tell for a while, else when the time for that has come. */
  #tell(): void {
    if (this.#deadline.phase === undefined) this.expired();
  }

  /** From the deadline. */
  expired(): void {
    if (this.#skipped + this.#failed === 0) return;
    this.#deadline.arm('report', REPORT_MS);
    this.#report({
      upstream: this.#options.to,
      skipped: this.#skipped,
      limit: this.#limit,
      failed: this.#failed,
      error: this.#error,
    });
    this.#skipped = this.#failed = 0;
    this.#limit = this.#error = undefined;
  }
}
