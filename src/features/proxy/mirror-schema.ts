import { z } from 'zod';
import { percentage } from '../../upstream/retry-schema.ts';

/** Where copies of a route's requests go, and what they may use, for each worker. */
export interface MirrorOptions {
  /** The shadow: name of an upstream. */
  readonly to: string;
  /** Share of the requests, from 0 to 1. */
  readonly share: number;
  /** Bytes of the longest body that is copied. */
  readonly maxBody: number;
  /** Copies that may be on their way at once. */
  readonly inFlight: number;
  /** Bytes that the bodies of all copies may take. */
  readonly memory: number;
  /** How long one may take as a whole, in milliseconds; 0 for ever. */
  readonly timeout: number;
}

/** How users write amounts: that notation belongs to the configuration. */
export interface Units {
  /** Bytes of `64KiB`. */
  readonly byteSize: z.ZodType<number, string | number>;
  /** Milliseconds of `10s`. */
  readonly duration: z.ZodType<number, string | number>;
}

/** What a user may write under `mirror:`; a string alone is `to`, which reads the name of an upstream, or a URL. */
export function mirrorSchema(to: z.ZodType<string, string>, { byteSize, duration }: Units) {
  const options = z
    .strictObject({
      /** The upstream that the copies go to: its name, or the URL of its one server. */
      to,
      /** Share of the requests that are copied. Default 100%. */
      share: percentage.default(1),
      /** Requests with a longer body are not copied. Default 64KiB. */
      maxBody: byteSize.pipe(z.number().max(2 ** 30, 'expected at most 1GiB')).default(65_536),
      /** Copies that may be on their way at once, for each worker; while there are as many, none is made. Default 100. */
      inFlight: z.int().min(1).max(65_535).default(100),
      /** What the bodies of all copies may take, for each worker. Default 8MiB. */
      memory: byteSize.default(2 ** 23),
      /** How long a copy may take as a whole; 0 for ever. Default 30s. */
      timeout: duration.default(30_000),
    })
    .superRefine(({ maxBody, memory }, context) => {
      if (maxBody <= memory) return;
      const message = `\`maxBody\` is more than \`memory\` allows all bodies together (${memory} bytes)`;
      context.addIssue({ code: 'custom', path: ['maxBody'], message });
    });
  return z.union(
    [to.transform((text): MirrorOptions => options.parse({ to: text })), options],
    'expected an upstream, such as `shadow`, or a map such as `{ to: shadow, share: 10% }`',
  );
}
