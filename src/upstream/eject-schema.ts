import { z } from 'zod';
import { percentage } from './retry-schema.ts';

/** When a server that fails gets no requests for a while. Times in milliseconds. */
export interface EjectOptions {
  /** Failures in a row. */
  readonly failures: number;
  /** From the first of them to the last. */
  readonly window: number;
  /** For how long it gets none. */
  readonly for: number;
  /** The largest share of the servers that may be ejected at once, from 0 to 1. */
  readonly share: number;
}

/** What a user may write under `eject:`. `duration` reads what users write into milliseconds. */
export function ejectSchema(duration: z.ZodType<number, string | number>) {
  return z.strictObject({
    /** Failures in a row after which a server is ejected. Default 5. */
    failures: z.int().min(1).max(1000).default(5),
    /** Within how much time they have to follow each other. Default 10s. */
    window: duration.default(10_000),
    /** For how long it gets no requests; then one, to see whether it is well. Default 30s. */
    for: duration.pipe(z.number().min(1, 'expected some time')).default(30_000),
    /** The largest share of the servers that may be ejected at once. Default 100%. */
    share: percentage.default(1),
  });
}
