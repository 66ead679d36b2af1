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
}

/** What the preconditions of a request make of it. */
export type PreconditionOutcome = 'proceed' | 'not-modified' | 'precondition-failed';

const FIELDS = [
  knownField('if-match'),
  knownField('if-none-match'),
  knownField('if-modified-since'),
  knownField('if-unmodified-since'),
  knownField('if-range'),
  knownField('range'),
];
const FIRST_FIELD = Math.min(...FIELDS);
const LAST_FIELD = Math.max(...FIELDS);

/**
 * Whether a request may carry a precondition or a range. It may say yes wrongly, never no: the hot path's cheap way
 * round all the rest of this file.
 */
export function mayBeConditional(headers: ReadonlyHeaderList): boolean {
  const { spans } = headers;
  for (let i = 0; i < spans.length; i += SPAN) {
    const field = spans[i];
    if (field >= FIRST_FIELD && field <= LAST_FIELD) return true;
  }
  return headers.added.length > 0;
}

/**
 * Evaluate the preconditions of a request in the order of RFC 9110 §13.2.2, for a representation that exists and
 * would be answered with success. Dates that are malformed or stand more than once are ignored, as the RFC says.
 */
export function evaluatePreconditions(
  method: string,
  headers: ReadonlyHeaderList,
  current: Validators,
): PreconditionOutcome {
  const isRead = method === 'GET' || method === 'HEAD';

  const ifMatch = headers.getList('if-match');
  if (ifMatch !== undefined) {
    if (!listsTag(ifMatch, current.etag, 'strong')) return 'precondition-failed';
  } else {
    const ifUnmodifiedSince = dateOf(headers, 'if-unmodified-since');
    if (ifUnmodifiedSince !== undefined && current.lastModifiedSeconds > ifUnmodifiedSince) {
      return 'precondition-failed';
    }
  }

  const ifNoneMatch = headers.getList('if-none-match');
  if (ifNoneMatch !== undefined) {
    if (!listsTag(ifNoneMatch, current.etag, 'weak')) return 'proceed';
    return isRead ? 'not-modified' : 'precondition-failed';
  }
  if (isRead) {
    const ifModifiedSince = dateOf(headers, 'if-modified-since');
    if (ifModifiedSince !== undefined && current.lastModifiedSeconds <= ifModifiedSince)
      return 'not-modified';
  }
  return 'proceed';
}

/**
 * Whether a Range field is to be obeyed as far as If-Range goes (RFC 9110 §13.1.5): without one always; else only when
 * it holds the current entity-tag by strong comparison, or the very Last-Modified date.
 */
export function ifRangeHolds(headers: ReadonlyHeaderList, current: Validators): boolean {
  const ifRange = headers.get('if-range');
  if (ifRange === undefined) return true;
  if (ifRange.endsWith('"')) return ifRange === current.etag && !isWeak(ifRange);
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
