import { z } from 'zod';
import type { ContentCoding } from '../../http/content-coding.ts';
import { type CompressOptions, compressSchema, contentCodings } from './compress-schema.ts';
import { type WriteOptions, writeSchema } from './write/schema.ts';

/** What the `files` end of a route does: serves the files under a directory. Built by the configuration, read by the handler. */
export interface StaticOptions {
  /** Absolute path of the directory. */
  readonly root: string;
  /** Names tried, in order, when a directory is asked for. */
  readonly index: readonly string[];
  /** Answer a directory without an index file with a list of its entries. */
  readonly listing: boolean;
  /** Answer what is not found with the root's index file: for single-page applications. */
  readonly spa: boolean;
  /** Codings of which ready-made variants (`app.js.br`) may lie beside a file, best first. */
  readonly precompressed: readonly ContentCoding[];
  /** How files are compressed when they are asked for; undefined: they are not. */
  readonly compress?: CompressOptions | undefined;
  /** Whether files and directories whose name starts with a dot exist for the client. */
  readonly dotfiles: 'deny' | 'allow';
  /** Which symbolic links are followed: those that stay in the root, none, or all. */
  readonly symlinks: 'within-root' | 'deny' | 'follow';
  /** Taken off the front of the request's path before it is looked up in the root, e.g. `/static`. */
  readonly stripPrefix?: string | undefined;
  /** Who may change files with PUT and DELETE; undefined: nobody. */
  readonly write?: WriteOptions | undefined;
}

const root = z.string().min(1, 'expected a directory');
const fileName = z
  .string()
  .regex(/^(?!\.{1,2}$)[^/\\\0]+$/, 'expected the name of a file, without a directory');

const staticOptions = z.strictObject({
  /** The directory, relative to the configuration file. */
  root,
  /** Names tried, in order, when a directory is asked for. Default `[index.html]`. */
  index: z.array(fileName).default(['index.html']),
  /** Answer a directory without an index file with a list of what it holds. Default false. */
  listing: z.boolean().default(false),
  /** Answer what is not found with the root's index file. Default false. */
  spa: z.boolean().default(false),
  /** Codings of which variants (`app.js.br`, `app.js.zst`, `app.js.gz`) may lie beside a file, best first. Default none. */
  precompressed: contentCodings.default([]),
  /** Whether names that start with a dot are served: `deny` (default) or `allow`. */
  dotfiles: z.enum(['deny', 'allow']).default('deny'),
  /** Which symbolic links are followed: `within-root` (default), `deny`, `follow`. */
  symlinks: z.enum(['within-root', 'deny', 'follow']).default('within-root'),
  /** Taken off the front of the request's path before it is looked up, e.g. `/static`. */
  stripPrefix: z
    .string()
    .regex(/^\/[^\s?#*]*[^\s?#*/]$/, 'expected a path such as `/static`, without a slash at its end')
    .optional(),
});

/**
 * What a user may write under `files:`; a string alone is `root`. A relative root is made absolute by the configuration.
 * `byteSize` reads what users write (`1KiB`) into bytes.
 */
export function staticSchema(byteSize: z.ZodType<number, string | number>) {
  const options = staticOptions.extend({
    compress: compressSchema(byteSize),
    /** Change files with PUT and DELETE. Default: nobody may. */
    write: writeSchema(byteSize).optional(),
  });
  return z.union([root.transform((path) => options.parse({ root: path })), options]);
}
