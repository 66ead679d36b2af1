import { z } from 'zod';
import type { FailureRatioOptions } from './failure-ratio.ts';
import { percentage } from './retry-schema.ts';
import { statusRange } from './status-range.ts';
import type { StatusRange } from './status-range.ts';

/** When the circuit to a server is broken. Times in milliseconds. */
export interface BreakerOptions extends FailureRatioOptions {
  /** For how long it then gets nothing. */
  readonly open: number;
  /** For how long at the most, when trials fail again and again. */
  readonly maxOpen: number;
  /** Requests that show whether it is well. */
  readonly halfOpen: number;
  /** Answers with these statuses are failures. */
  readonly statuses: readonly StatusRange[];
  /** So are those that take longer to begin; 0 for none. */
  readonly slow: number;
}

/** What a user may write under `breaker:`. `duration` reads what users write into milliseconds. */
export function breakerSchema(duration: z.ZodType<number, string | number>) {
  const some = duration.pipe(z.number().min(1, 'expected some time'));
  return z
    .strictObject({
      /** Share of the requests that fail, from which on the circuit opens. Default 50%. */
      failures: percentage.refine((share) => share > 0, 'expected more than `0%`').default(0.5),
      /** As many requests there have to be. Default 20. */
      requests: z.int().min(1).max(1_000_000).default(20),
      /** Within how much time. Default 10s. */
      window: duration.pipe(z.number().min(1000, 'expected at least `1s`')).default(10_000),
      /** For how long the server then gets no requests. Default 5s. */
      open: some.default(5_000),
      /** Each time that a trial fails this is twice as long, up to `maxOpen`. Default: it stays as long as `open`. */
      maxOpen: some.optional(),
      /** Requests that show whether the server is well; all have to succeed. Default 1. */
      halfOpen: z.int().min(1).max(1000).default(1),
      /** Statuses of answers that are failures: `503`, `500-599`. Default `[502, 503, 504]`. */
      statuses: z.array(statusRange('`503` or `500-599`')).prefault([502, 503, 504]),
      /** An answer that takes longer to begin is a failure. Default: none is. */
      slow: duration.default(0),
    })
    .superRefine(({ open, maxOpen = open }, context) => {
      if (maxOpen >= open) return;
      context.addIssue({ code: 'custom', path: ['maxOpen'], message: 'expected no less time than `open`' });
    })
    .transform((options): BreakerOptions => ({ ...options, maxOpen: options.maxOpen ?? options.open }));
}
