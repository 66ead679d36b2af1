import { inspect } from 'node:util';
import type { z } from 'zod';
import type { ConfigPath } from './config-path.ts';
import { didYouMean } from './did-you-mean.ts';
import { availableKeys } from './schema-keys.ts';

/** One thing that is wrong with a configuration. */
export interface Mistake {
  readonly path: ConfigPath;
  /** Whether the last key of the path is wrong or what stands behind it. */
  readonly at: 'key' | 'value';
  /** One sentence, in lower case and without a full stop. */
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** What a schema makes of a value: its output, or everything that is wrong, put for the person who wrote it. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { readonly output: z.output<Schema>; readonly mistakes?: undefined } | { readonly mistakes: Mistake[] } {
  // A configuration is checked once: to generate code for it would take longer than to go without.
  const result = schema.safeParse(value, { reportInput: true, error: phrase, jitless: true });
  if (result.success) return { output: result.data };
  return { mistakes: result.error.issues.flatMap((issue) => translate(schema, issue, [])) };
}

/** A value as a message shows it. */
export function quote(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = inspect(value).replace(/^'(.*)'$/, '$1');
  return `\`${text.length > 60 ? `${text.slice(0, 60)}…` : text}\``;
}

function translate(schema: z.ZodType, issue: Issue, base: ConfigPath): Mistake[] {
  const path = [...base, ...(issue.path as (string | number)[])];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, availableKeys(schema, path)));
    case 'invalid_union': {
      if (issue.input === undefined && path.length > 0) return [missing(path)];
      const fitting = issue.errors.filter((branch) => !branch.some(isOfAnotherKind));
      if (fitting.length === 1) return fitting[0].flatMap((inner) => translate(schema, inner, path));
      return [{ path, at: 'value', message: issue.message + meantBy(issue) }];
    }
    case 'invalid_key':
      return [{ path, at: 'key', message: issue.issues[0]?.message ?? issue.message }];
    case 'invalid_type':
      if (path.length === 0 && (issue.input === null || issue.input === undefined)) {
        return [{ path, at: 'value', message: 'the configuration is empty' }];
      }
      if (issue.input === undefined) return [missing(path)];
      return [{ path, at: 'value', message: issue.message + shape(schema, path, issue) }];
    case 'custom':
      return [{ path, at: issue.params?.at === 'key' ? 'key' : 'value', message: issue.message }];
    default:
      return [{ path, at: 'value', message: issue.message }];
  }
}

/** What may stand where a map or a list is due and something else was written. */
function shape(
  schema: z.ZodType,
  path: ConfigPath,
  { expected, input }: z.core.$ZodIssueInvalidType,
): string {
  const keys = expected === 'object' ? availableKeys(schema, path) : [];
  if (keys.length > 0) return `; its keys: ${codeList(keys)}`;
  const isOne = expected === 'array' && typeof input === 'string';
  return isOne && availableKeys(schema, [...path, 0]).length === 0 ? `; write \`[${input}]\`` : '';
}

function missing(path: ConfigPath): Mistake {
  return { path: path.slice(0, -1), at: 'value', message: `\`${path.at(-1)}\` is missing` };
}

/** The one of the words that a union takes which somebody must have meant. */
function meantBy({ errors, input }: z.core.$ZodIssueInvalidUnion): string {
  if (typeof input !== 'string') return '';
  const words = errors
    .flat()
    .flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : []));
  const meant = didYouMean(input, words);
  return meant === undefined ? '' : `; did you mean \`${meant}\`?`;
}

/** Whether a branch of a union failed because it is meant for other values, and not for a mistake inside. */
function isOfAnotherKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function unknownKey(path: ConfigPath, key: string, known: readonly string[]): Mistake {
  const meant = didYouMean(key, known);
  const help = meant === undefined ? `; known here: ${codeList(known)}` : `; did you mean \`${meant}\`?`;
  return { path: [...path, key], at: 'key', message: `unknown key \`${key}\`${help}` };
}

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: '`true` or `false`',
  int: 'a whole number',
  number: 'a number',
  object: 'a map',
  record: 'a map',
  string: 'text',
};

const kind = (expected: string): string => KINDS[expected] ?? expected;

/** What zod's own issues say where a schema has no words of its own. */
function phrase(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${kind(issue.expected)}, got ${quote(issue.input)}`;
    case 'invalid_value': {
      const values = issue.values.map(String);
      const meant = typeof issue.input === 'string' ? didYouMean(issue.input, values) : undefined;
      const expected = `expected ${orList(values.map((value) => `\`${value}\``))}, got ${quote(issue.input)}`;
      return meant === undefined ? expected : `${expected}; did you mean \`${meant}\`?`;
    }
    case 'too_small':
      return `expected at least ${issue.minimum}, got ${quote(issue.input)}`;
    case 'too_big':
      return `expected at most ${issue.maximum}, got ${quote(issue.input)}`;
    case 'invalid_union': {
      const kinds = issue.errors.flatMap((branch) =>
        branch.flatMap((inner) => (inner.code === 'invalid_type' ? [kind(inner.expected)] : [])),
      );
      return `expected ${orList([...new Set(kinds)])}, got ${quote(issue.input)}`;
    }
    default:
      return undefined;
  }
}

function codeList(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function orList(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}
