import { monotonicNow } from '../core/clock.ts';

/** How much of a server's time is left when we close first: its clock and the network are not ours. */
const MARGIN = 1000;

/** A connection that was closed sooner than this was not closed for being idle. */
const LEAST_AGE = 1000;

/** Two ages are the same timeout when they differ by no more, in milliseconds and as a share. */
const SAME_MS = 250;
const SAME_SHARE = 0.05;

/**
 * For how long unused connections to a server are kept: as long as is configured, and less where the server closes them
 * sooner. A request that is sent at the very moment of that would be lost; so we close first. How soon the server does
 * it is learnt from its `Keep-Alive: timeout=`, and from two connections, at different times, that it closed at the
 * same age.
 */
export class IdleTimeout {
  /** Milliseconds; at least 1. */
  limit: number;
  readonly #configured: number;
  #lastAge = 0;
  #lastAt = 0;

  /** `configured`: milliseconds; 0 for ever. */
  constructor(configured: number) {
    this.#configured = configured === 0 ? Infinity : configured;
    this.limit = this.#configured;
  }

  /** The server has said that it keeps connections for `ms`. */
  said(ms: number): void {
    this.#keepFor(ms);
  }

  /** The server has closed a connection that was unused for `age` milliseconds. */
  closedAfter(age: number): void {
    if (age < LEAST_AGE) return;
    const now = monotonicNow();
    const same = Math.abs(age - this.#lastAge) <= Math.max(SAME_MS, SAME_SHARE * age);
    // One that stops closes all it has at once, which may well be equally old.
    if (same && now - this.#lastAt >= LEAST_AGE) this.#keepFor(Math.min(age, this.#lastAge));
    this.#lastAge = age;
    this.#lastAt = now;
  }

  /** It may be another server by now. */
  forget(): void {
    this.limit = this.#configured;
    this.#lastAge = 0;
  }

  #keepFor(ms: number): void {
    this.limit = Math.max(1, Math.min(this.#configured, ms - Math.min(MARGIN, ms / 2)));
  }
}

/** The milliseconds of `timeout=` in a Keep-Alive field; undefined where it does not say. */
export function keepAliveTimeout(field: string): number | undefined {
  const [, seconds] = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,6})\b/i.exec(field) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
