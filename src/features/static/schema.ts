import { z } from 'zod';
import type { ContentCoding } from '../../http/content-coding.ts';
import { type CompressOptions, compressSchema, contentCodings } from './compress-schema.ts';
import type { FieldOptions } from './field-rules.ts';
import { checkedBy, fieldKeys } from './field-schema.ts';
import { type Attempt, CLEAN, nameProblem, parseAttempt, PLAIN } from './try-list.ts';
import { type WriteOptions, writeSchema } from './write/schema.ts';

/** What the `files` end of a route does: serves the files under a directory. Built by the configuration, read by the handler. */
export interface StaticOptions extends FieldOptions {
  /** Absolute path of the directory. */
  readonly root: string;
  /** Those of the directories that are asked, in order, for what is not there. */
  readonly furtherRoots: readonly string[];
  /** Names tried, in order, when a directory is asked for. */
  readonly index: readonly string[];
  /** Answer a directory without an index file with a list of its entries. */
  readonly listing: boolean;
  /** Where it is looked for what a path stands for, in this order; `/` at the end of one means a directory. */
  readonly try: readonly Attempt[];
  /** Whether a page has its name without `.html`, and is redirected there. */
  readonly cleanUrls: boolean;
  /** Answer what is not found with the root's index file: for single-page applications. */
  readonly spa: boolean;
  /** Names below the root of the pages for statuses (`404`) and classes of them (`4xx`). */
  readonly errors: Readonly<Record<string, string>>;
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

/** A file below the root, as `errors` names it. */
const nameBelow = checkedBy((name) => {
  if (!name.startsWith('/'))
    throw new SyntaxError('expected a file below the root, such as `/errors/404.html`');
  if (name.endsWith('/')) throw new SyntaxError('expected a file, such as `/errors/404.html`');
  const problem = nameProblem(name);
  if (problem !== undefined) throw new SyntaxError(problem);
});

const statusOrClass = z
  .string()
  .regex(/^[45](?:\d\d|xx)$/, 'expected a status of an error, such as `404`, or a class, such as `5xx`');

const staticOptions = z.strictObject({
  /** The directory, relative to the configuration file. A list: the first that has a file serves it. */
  root: z.union([root, z.array(root).min(1, 'expected a directory')]),
  /** Names tried, in order, when a directory is asked for. Default `[index.html]`. */
  index: z.array(fileName).default(['index.html']),
  /** Answer a directory without an index file with a list of what it holds. Default false. */
  listing: z.boolean().default(false),
  /** Pages have no `.html` in their path: `/about` is `about.html`, which is redirected there. Default false. */
  cleanUrls: z.boolean().default(false),
  /** Where to look for what a path stands for: `{path}`, `{path}.html`, `{path}/` (a directory), `/index.html`; the first that is there. Default `["{path}", "{path}/"]`. */
  try: z
    .array(checkedBy(parseAttempt, 'expected text, in quotes where it has braces: `"{path}.html"`'))
    .min(1, 'expected at least one entry, such as `{path}`')
    .optional(),
  /** Answer what is not found with the root's index file. Default false. */
  spa: z.boolean().default(false),
  /** Statuses (`404`) or classes (`5xx`), and the files below the root that are their pages. */
  errors: z.record(statusOrClass, nameBelow).default({}),
  ...fieldKeys,
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
  return z.union([
    root.transform((path) => optionsOf(options.parse({ root: path }))),
    options
      .superRefine(({ cleanUrls, try: attempts }, context) => {
        if (!cleanUrls || attempts === undefined) return;
        const message = '`try` says where it is looked: leave out `cleanUrls`, or put `{path}.html` there';
        context.addIssue({ code: 'custom', message, path: ['cleanUrls'] });
      })
      .transform(optionsOf),
  ]);
}

type Written = z.output<typeof staticOptions> & Pick<StaticOptions, 'compress' | 'write'>;

function optionsOf({ root: roots, try: attempts, ...options }: Written): StaticOptions {
  const [first, ...furtherRoots] = typeof roots === 'string' ? [roots] : roots;
  const byDefault = options.cleanUrls ? CLEAN : PLAIN;
  return { ...options, root: first, furtherRoots, try: attempts?.map(parseAttempt) ?? byDefault };
}
