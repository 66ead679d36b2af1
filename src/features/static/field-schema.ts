import { z } from 'zod';
import { typeMatcher } from './field-rules.ts';
import { compileGlob } from './glob.ts';

/** Text that a function accepts; what it throws says what is wrong. `error`: what is said of what is no text at all. */
export function checkedBy(compile: (text: string) => unknown, error?: string) {
  return z.string(error).superRefine((text, context) => {
    try {
      compile(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  });
}

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const DIRECTIVE = /^[A-Za-z][\w-]*(?:=(?:[\w-]+|"[^"\\]*"))?$/;
/** Directives that are a time, in seconds (RFC 9111 §5.2, RFC 5861). */
const TIMES = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']);

const CACHE_CONTROL_EXAMPLES = '`public, max-age=3600`, `no-cache` or `immutable`';

function checkCacheControl(value: string): void {
  for (const directive of value.split(',').map((part) => part.trim())) {
    if (!DIRECTIVE.test(directive)) {
      throw new SyntaxError(`\`${value}\` is no Cache-Control; write such as ${CACHE_CONTROL_EXAMPLES}`);
    }
    const [name, argument] = directive.split('=', 2);
    if (TIMES.has(name.toLowerCase()) && !/^\d+$/.test(argument ?? '')) {
      throw new SyntaxError(`\`${name}\` is a number of seconds, such as \`${name}=3600\``);
    }
  }
}

function checkMediaType(value: string): void {
  const [type, ...parameters] = value.split(';').map((part) => part.trim());
  const [top, sub, more] = type.split('/');
  const isType = TOKEN.test(top) && TOKEN.test(sub ?? '') && more === undefined;
  if (!isType || !parameters.every((each) => /^[\w-]+=(?:[\w.+-]+|"[^"\\]*")$/.test(each))) {
    throw new SyntaxError(`\`${value}\` is no media type; write such as \`text/x-foo\``);
  }
}

const cacheControlValue = checkedBy(checkCacheControl);
const pattern = checkedBy(compileGlob);

/** The keys of `files` that are about the fields of answers. */
export const fieldKeys = {
  /** Patterns of file names, and the Cache-Control of those that match; the first counts. `hashed` means names with a hash in them; `immutable` is a year. A value alone is for all. */
  cacheControl: z
    .union(
      [
        cacheControlValue.transform((value): (readonly [string, string])[] => [['**', value]]),
        z
          .record(pattern, cacheControlValue)
          .transform((rules): (readonly [string, string])[] => Object.entries(rules)),
      ],
      `expected ${CACHE_CONTROL_EXAMPLES}, or a map of patterns and such`,
    )
    .default([]),
  /** Extensions (`.foo`) or patterns of file names, and their media types, before what is known of extensions. */
  types: z
    .record(checkedBy(typeMatcher), checkedBy(checkMediaType))
    .transform((rules): (readonly [string, string])[] => Object.entries(rules))
    .default([]),
  /** What text is declared to be written in; `off`: nothing. Default `utf-8`. */
  charset: z
    .string()
    .regex(/^[A-Za-z\d][\w.:+-]*$/, 'expected the name of a charset, such as `utf-8`, or `off`')
    .default('utf-8'),
  /** Patterns of the names of files that clients save instead of showing them. */
  download: z.union([pattern.transform((one) => [one]), z.array(pattern)]).default([]),
};
