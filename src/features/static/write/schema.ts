import { z } from 'zod';

/** The methods that change files. */
const METHODS = ['PUT', 'DELETE'] as const;

/** Who may change files below a root, and how. */
export interface WriteOptions {
  readonly methods: readonly (typeof METHODS)[number][];
  /** Absolute path of the file with the tokens of those who may. */
  readonly tokens: string;
  /** Bytes that a file may have. */
  readonly maxSize: number;
}

const NO_TOKENS =
  '`write` needs `tokens`, a file with the tokens of those who may write: `write: { tokens: ./tokens }`';

/** What a user may write under `files.write`. A relative path is made absolute by the configuration. */
export function writeSchema(byteSize: z.ZodType<number, string | number>) {
  return z
    .strictObject({
      /** Which methods are answered. Default `[PUT, DELETE]`. */
      methods: z
        .array(z.enum(METHODS))
        .min(1, 'expected `PUT`, `DELETE` or both')
        .default([...METHODS]),
      /** A file with the tokens of those who may write, relative to the configuration file: a token, or `sha256:` and its digest, a line. */
      tokens: z.string().min(1, 'expected a file').optional(),
      /** Size of a file that is written. Default 100MiB. */
      maxSize: byteSize.default(100 * 2 ** 20),
    })
    .transform(({ tokens, ...rest }, context): WriteOptions => {
      if (tokens !== undefined) return { ...rest, tokens };
      context.addIssue({ code: 'custom', message: NO_TOKENS });
      return z.NEVER;
    });
}
