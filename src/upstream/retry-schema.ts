import { z } from 'zod';

/** When a request that failed is sent to another server. */
export interface RetryOptions {
  /** How often it is sent at the most, the first time included. */
  readonly attempts: number;
  /** Whether one is that broke the connection before its answer began. */
  readonly reset: boolean;
  /** Whether one is whose answer did not begin in time. */
  readonly timeout: boolean;
  /** The statuses of answers that are. */
  readonly statuses: readonly number[];
  /** Share of the requests, from 0 to 1. */
  readonly budget: number;
  /** How long all tries together may take until an answer begins, in milliseconds; 0 for ever. */
  readonly within: number;
}

const REASONS = ['connect-failure', 'reset', 'timeout', '502', '503', '504'] as const;

/** A share as a user writes it, `20%`, as a number from 0 to 1. */
export const percentage = z
  .string({ error: ({ input }) => shareExpected(input) })
  .transform((text, context) => {
    const [, digits] = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text) ?? [];
    const share = Number(digits) / 100;
    if (share <= 1) return share;
    context.addIssue({ code: 'custom', message: shareExpected(text), input: text });
    return z.NEVER;
  });

/** With the percent sign that was left out, where that is all there is to it. */
function shareExpected(input: unknown): string {
  const share = Number(input) >= 1 && Number(input) <= 100 ? Number(input) : 20;
  return `expected a share such as \`${share}%\``;
}

/** A status is a number to whoever writes it. */
const asText = (value: unknown): unknown => (typeof value === 'number' ? String(value) : value);

/** What a user may write under `retry:`. `duration` reads what users write into milliseconds. */
export function retrySchema(duration: z.ZodType<number, string | number>) {
  const options = z.strictObject({
    /** How often a request is sent at the most, the first time included. Default 3. */
    attempts: z.int().min(1).max(20).default(3),
    /** After what. `connect-failure` is always among them: nothing was sent. Default `[connect-failure, reset]`. */
    on: z.array(z.preprocess(asText, z.enum(REASONS))).default(['connect-failure', 'reset']),
    /** Share of the requests that may be sent again, of those of the last seconds. Default 20%. */
    budget: percentage.default(0.2),
    /** How long all tries together may take until an answer begins; then it is a 504. 0 for ever. Default 0. */
    within: duration.default(0),
  });
  return z
    .union([z.literal(false), options])
    .prefault({})
    .transform((value): RetryOptions => {
      if (value === false) {
        return { attempts: 1, reset: false, timeout: false, statuses: [], budget: 0.2, within: 0 };
      }
      const { on, ...rest } = value;
      return {
        ...rest,
        reset: on.includes('reset'),
        timeout: on.includes('timeout'),
        statuses: on.map(Number).filter((status) => !Number.isNaN(status)),
      };
    });
}
