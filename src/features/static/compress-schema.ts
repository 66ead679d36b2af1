import { z } from 'zod';
import type { ContentCoding } from '../../http/content-coding.ts';

/** How files are compressed when they are asked for. */
export interface CompressOptions {
  /** Best first. */
  readonly codings: readonly ContentCoding[];
  /** Smaller files are served as they are; in bytes. */
  readonly minSize: number;
  /** Media types, `text/html` or `text/*`; undefined: those that are known to become smaller. */
  readonly types?: readonly string[] | undefined;
}

const CODINGS = ['br', 'zstd', 'gzip'] as const;

/** Codings in the order in which they are preferred where a client has no preference. */
export const contentCodings = z
  .array(z.enum(CODINGS))
  .refine((codings) => new Set(codings).size === codings.length, 'each coding may be named once');

const mediaType = z
  .string()
  .regex(/^[\w!#$&^.+-]+\/(?:\*|[\w!#$&^.+-]+)$/, 'expected a media type such as `text/html` or `text/*`')
  .toLowerCase();

/** What a user may write under `compress:`. `byteSize` reads what users write (`1KiB`) into bytes. */
export function compressSchema(byteSize: z.ZodType<number, string | number>) {
  const options = z.strictObject({
    /** Default `[br, zstd, gzip]`. */
    codings: contentCodings.min(1, 'expected a coding, such as `gzip`').default([...CODINGS]),
    /** Smaller files are served as they are. Default 1KiB. */
    minSize: byteSize.default(1024),
    /** Media types, `text/html` or `text/*`. Default: those that are known to become smaller. */
    types: z.array(mediaType).optional(),
  });
  const onOrOff = z.boolean().transform((on) => (on ? options.parse({}) : undefined));
  // Not `default`, which would also stand in for the undefined that `false` comes to.
  return z.union([onOrOff, options]).prefault(true);
}
