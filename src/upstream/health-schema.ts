import { z } from 'zod';
import { validAuthority } from '../http/target.ts';
import { statusRange } from './status-range.ts';
import type { StatusRange } from './status-range.ts';

/** How servers are asked, again and again, whether they are well. Times in milliseconds. */
export interface HealthOptions {
  /** What is asked for with GET; undefined: a connection is all that is asked for. */
  readonly path: string | undefined;
  /** The Host that is asked for; undefined for the server's own. */
  readonly host: string | undefined;
  /** From one check to the next. */
  readonly interval: number;
  /** For one check, from the beginning to the end. */
  readonly timeout: number;
  /** Good checks in a row that make a server healthy again. */
  readonly healthy: number;
  /** Bad checks in a row that make it unhealthy. */
  readonly unhealthy: number;
  /** The statuses that are good. */
  readonly expect: StatusRange;
  /** Text that a good answer holds. */
  readonly body: string | undefined;
}

/** What a user may write under `health:`. `duration` reads what users write into milliseconds. */
export function healthSchema(duration: z.ZodType<number, string | number>) {
  const some = duration.pipe(z.number().min(1, 'expected some time'));
  return z
    .strictObject({
      /** What is asked for with GET. Default: a connection is all that is asked for. */
      path: z
        .string()
        .regex(/^\/[\x21-\x22\x24-\x7e]*$/, 'expected a path such as `/healthz`')
        .optional(),
      /** The Host that is asked for. Default: the server's own. */
      host: z.string().refine(validAuthority, { error: 'expected a host' }).optional(),
      /** From one check to the next, a tenth more or less. Default 5s. */
      interval: some.default(5_000),
      /** For one check as a whole. Default 2s. */
      timeout: some.default(2_000),
      /** Good checks in a row after which an unhealthy server gets requests again. Default 2. */
      healthy: z.int().min(1).max(100).default(2),
      /** Bad checks in a row after which a server gets no requests any more. Default 3. */
      unhealthy: z.int().min(1).max(100).default(3),
      /** The status, or range of statuses, of a good answer. Default `200-399`. */
      expect: statusRange('`200-399`').prefault('200-399'),
      /** Text that a good answer holds in its first 64 KiB. Default: any body is good. */
      body: z.string().min(1, 'expected a text that is not empty').optional(),
    })
    .superRefine(({ path, host, body }, context) => {
      if (path !== undefined) return;
      for (const [key, value] of [
        ['host', host],
        ['body', body],
      ] as const) {
        if (value === undefined) continue;
        const message = `\`${key}\` is for checks with a \`path\``;
        context.addIssue({ code: 'custom', path: [key], params: { at: 'key' }, message });
      }
    })
    .transform((options): HealthOptions => {
      const { path, host, body } = options;
      return { ...options, path, host, body };
    });
}
