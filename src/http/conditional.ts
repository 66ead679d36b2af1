import { knownField } from './field-names.ts';
import { type ReadonlyHeaderList, SPAN } from './header-list.ts';
import { parseHttpDate } from './http-date.ts';

/** What tells one version of a representation from another (RFC 9110 §8.8). */
export interface Validators {
  /** The entity-tag as it is sent: in quotes, with `W/` before them when it is weak. */
  readonly etag: string;
  /** The Last-Modified date as it is sent. */
  readonly lastModified: string;
  /** The same instant as Unix time in seconds. */
  readonly lastModifiedSeconds: number;
  /** Whether the date tells versions apart: none has come later within the second that it names (RFC 9110 §8.8.2.2). */
  readonly isDateStrong: boolean;
}

/** What the preconditions of a request make of it. */
export type PreconditionOutcome = 'proceed' | 'not-modified' | 'precondition-failed';

/** Which of the fields below a request has: bits of `CONDITIONAL`. */
export type ConditionalFields = number;

/** The fields that make a request conditional, and those that ask for a part. */
export const CONDITIONAL = {
  ifMatch: 1,
  ifNoneMatch: 2,
  ifModifiedSince: 4,
  ifUnmodifiedSince: 8,
  ifRange: 16,
  range: 32,
} as const;
const PRECONDITIONS =
  CONDITIONAL.ifMatch | CONDITIONAL.ifNoneMatch | CONDITIONAL.ifModifiedSince | CONDITIONAL.ifUnmodifiedSince;
const ALL = PRECONDITIONS | CONDITIONAL.ifRange | CONDITIONAL.range;

const IF_NONE_MATCH = knownField('if-none-match');
const bits = new Map<number, number>([
  [knownField('if-match'), CONDITIONAL.ifMatch],
  [IF_NONE_MATCH, CONDITIONAL.ifNoneMatch],
  [knownField('if-modified-since'), CONDITIONAL.ifModifiedSince],
  [knownField('if-unmodified-since'), CONDITIONAL.ifUnmodifiedSince],
  [knownField('if-range'), CONDITIONAL.ifRange],
  [knownField('range'), CONDITIONAL.range],
]);
const FIRST_FIELD = Math.min(...bits.keys());
const LAST_FIELD = Math.max(...bits.keys());
/** The bit of a field by its number; 0 for those that happen to stand between the six. */
const bitOf = Uint8Array.from({ length: LAST_FIELD + 1 }, (_, field) => bits.get(field) ?? 0);

/**
 * Which conditional fields a request has, in one pass over it: most have none, and go round all the rest of this file.
 * Of a head that is not as it came off the wire, all are assumed.
 */
export function conditionalFields(headers: ReadonlyHeaderList): ConditionalFields {
  if (headers.added.length > 0) return ALL;
  const { spans } = headers;
  let found = 0;
  for (let i = 0; i < spans.length; i += SPAN) {
    const field = spans[i];
    if (field >= FIRST_FIELD && field <= LAST_FIELD) found |= bitOf[field];
  }
  return found;
}

/**
 * Evaluate the preconditions of a request in the order of RFC 9110 §13.2.2, for a representation that exists and
 * would be answered with success. Dates that are malformed or stand more than once are ignored, as the RFC says.
 * `present` says which of them to look for.
 */
export function evaluatePreconditions(
  method: string,
  headers: ReadonlyHeaderList,
  current: Validators,
  present: ConditionalFields = ALL,
): PreconditionOutcome {
  if ((present & PRECONDITIONS) === 0) return 'proceed';
  const isRead = method === 'GET' || method === 'HEAD';

  const ifMatch = (present & CONDITIONAL.ifMatch) === 0 ? undefined : headers.getList('if-match');
  if (ifMatch !== undefined) {
    if (!listsTag(ifMatch, current.etag, 'strong')) return 'precondition-failed';
  } else if ((present & CONDITIONAL.ifUnmodifiedSince) !== 0) {
    const ifUnmodifiedSince = dateOf(headers, 'if-unmodified-since');
    if (ifUnmodifiedSince !== undefined && current.lastModifiedSeconds > ifUnmodifiedSince) {
      return 'precondition-failed';
    }
  }

  const ifNoneMatch = (present & CONDITIONAL.ifNoneMatch) === 0 ? undefined : headers.getKnown(IF_NONE_MATCH);
  if (ifNoneMatch !== undefined) {
    // Nearly always the field is the one tag that we gave; lists and lines beside it could not take that back.
    const isListed =
      ifNoneMatch === current.etag ||
      listsTag(headers.getList('if-none-match') as string, current.etag, 'weak');
    if (!isListed) return 'proceed';
    return isRead ? 'not-modified' : 'precondition-failed';
  }
  if (isRead && (present & CONDITIONAL.ifModifiedSince) !== 0) {
    const ifModifiedSince = dateOf(headers, 'if-modified-since');
    if (ifModifiedSince !== undefined && current.lastModifiedSeconds <= ifModifiedSince)
      return 'not-modified';
  }
  return 'proceed';
}

/**
 * Whether a Range field is to be obeyed as far as If-Range goes (RFC 9110 §13.1.5): without one always; else only when
 * it holds the current entity-tag by strong comparison, or the very Last-Modified date, if that is strong.
 */
export function ifRangeHolds(headers: ReadonlyHeaderList, current: Validators): boolean {
  // It is no list: several joined are neither a tag that we gave nor a date.
  const ifRange = headers.getList('if-range');
  if (ifRange === undefined) return true;
  if (ifRange.endsWith('"')) return ifRange === current.etag && !isWeak(ifRange);
  if (!current.isDateStrong) return false;
  return ifRange === current.lastModified || parseHttpDate(ifRange) === current.lastModifiedSeconds;
}

function dateOf(headers: ReadonlyHeaderList, name: string): number | undefined {
  // Two dates joined into a list are no date any more, so that a repeated field is ignored.
  const value = headers.getList(name);
  return value === undefined ? undefined : parseHttpDate(value);
}

/** One member of `#entity-tag` (RFC 9110 §5.6.1, §8.8.3), which may be empty, with the comma behind it. */
const MEMBER = /[\t ]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[\t ]*)?(?:,|$)/y;

/**
 * Whether a list of entity-tags names the current one; `*` names any. The part of a list behind a malformed member
 * counts for nothing.
 */
function listsTag(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list === '*') return true;
  MEMBER.lastIndex = 0;
  while (MEMBER.lastIndex < list.length) {
    const member = MEMBER.exec(list);
    if (member === null) return false;
    const tag = member[1];
    if (tag !== undefined && (comparison === 'strong' ? isStrongMatch(tag, etag) : isWeakMatch(tag, etag))) {
      return true;
    }
  }
  return false;
}

function isWeak(etag: string): boolean {
  return etag.startsWith('W/');
}

/** RFC 9110 §8.8.3.2: the same opaque tag, neither being weak. */
function isStrongMatch(a: string, b: string): boolean {
  return a === b && !isWeak(a);
}

/** RFC 9110 §8.8.3.2: the same opaque tag, weak or not. */
function isWeakMatch(a: string, b: string): boolean {
  return a === b || opaque(a) === opaque(b);
}

function opaque(etag: string): string {
  return isWeak(etag) ? etag.slice(2) : etag;
}
