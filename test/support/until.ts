import { setTimeout as pause } from 'node:timers/promises';

export interface UntilOptions {
  /** What is waited for, in words: it is the error message when the bound is reached. */
  readonly what: string;
  /** Bound in milliseconds. Default 10,000. */
  readonly within?: number;
  /** Pause between two looks, in milliseconds. Default 20. */
  readonly every?: number;
}

/**
 * Looks at a condition that has no event (another process's memory, a port) until it yields a value other
 * than `undefined` or `false`, and returns that value.
 *
 * @throws Error naming `what` when the bound is reached.
 */
export async function until<T>(
  look: () => T | Promise<T>,
  { what, within = 10_000, every = 20 }: UntilOptions,
): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + within;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
    if (performance.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await pause(every);
  }
}

/** Puts a bound in milliseconds on something that ends with an event. */
export async function within<T>(bound: number, what: string, event: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${bound} ms: ${what}`)), bound);
  });
  try {
    return await Promise.race([event, late]);
  } finally {
    clearTimeout(timer);
  }
}
