import type { ErrorCode } from '../core/errors.ts';
import type { HttpVersion } from '../http/head.ts';
import { knownField } from '../http/field-names.ts';
import { valueOffset, type ReadonlyHeaderList } from '../http/header-list.ts';
import { listMembers } from '../http/list-members.ts';
import { SEEN } from './field-section.ts';

/** A body in the chunked transfer coding. */
export const CHUNKED = -1;
/** A body that ends with the connection; responses only. */
export const UNTIL_CLOSE = -2;

/** How a message's body is delimited: its length in bytes, CHUNKED, or UNTIL_CLOSE. */
export type Framing = number;

const CONTENT_LENGTH = knownField('content-length');
const TRANSFER_ENCODING = knownField('transfer-encoding');
const CONNECTION = knownField('connection');
const EXPECT = knownField('expect');

const FRAMING_FIELDS = SEEN.contentLength | SEEN.transferEncoding;

/**
 * The verdict on a request's body, in the order of RFC 9112 §6.3, or the code of the rule that it breaks.
 * `seen` are the head parser's bits: a request with neither field is decided by one test.
 */
export function requestFraming(
  version: HttpVersion,
  headers: ReadonlyHeaderList,
  seen: number,
): Framing | ErrorCode {
  if ((seen & FRAMING_FIELDS) === 0) return 0;
  if ((seen & SEEN.transferEncoding) !== 0) {
    // A length beside a coding is how requests are smuggled (RFC 9112 §6.1, §11.2).
    if ((seen & SEEN.contentLength) !== 0) return 'http1.framing.length-and-coding';
    if (version === 10) return 'http1.framing.coding-in-1.0';
    return codingVerdict(headers.getAll('transfer-encoding'));
  }
  const sole = headers.getSole(CONTENT_LENGTH);
  if (typeof sole === 'string' && PLAIN_LENGTH.test(sole)) return Number(sole);
  return lengthVerdict(headers.getAll('content-length'));
}

/**
 * The verdict on a response's body: the same rules, and those of the request it answers (RFC 9112 §6.3, rules 1 and 2).
 * A response with neither field lasts until the connection closes.
 */
export function responseFraming(
  requestMethod: string,
  status: number,
  version: HttpVersion,
  headers: ReadonlyHeaderList,
  seen: number,
): Framing | ErrorCode {
  if (status < 200 || status === 204 || status === 304 || requestMethod === 'HEAD') return 0;
  if (requestMethod === 'CONNECT' && status < 300) return 0;
  if ((seen & FRAMING_FIELDS) === 0) return UNTIL_CLOSE;
  return requestFraming(version, headers, seen);
}

/**
 * After a refusal by the head's fields: where the value stands that it is about, counted from the message's first byte.
 * Of a length and a coding, that is the one that comes second: up to there nothing was wrong.
 */
export function framingOffset(headers: ReadonlyHeaderList, code: ErrorCode): number {
  switch (code) {
    case 'http1.framing.length-and-coding':
      return Math.max(valueOffset(headers, CONTENT_LENGTH), valueOffset(headers, TRANSFER_ENCODING));
    case 'http1.framing.malformed-length':
    case 'http1.framing.differing-lengths':
      return offendingLength(headers, code);
    case 'http1.body.too-large':
      return valueOffset(headers, CONTENT_LENGTH);
    case 'http1.expectation.unknown':
      return valueOffset(headers, EXPECT);
    default:
      return valueOffset(headers, TRANSFER_ENCODING);
  }
}

/** The first Content-Length that is refused, by itself or beside the first. */
function offendingLength(headers: ReadonlyHeaderList, code: ErrorCode): number {
  const values = headers.getAll('content-length');
  let offset = 0;
  for (const value of values) {
    offset = valueOffset(headers, CONTENT_LENGTH, offset + 1);
    if (lengthVerdict([values[0], value]) === code) break;
  }
  return offset;
}

/** Only `chunked`, once and alone, is a coding that we speak. */
function codingVerdict(values: readonly string[]): Framing | ErrorCode {
  const codings = listMembers(values.join(','));
  if (codings.length === 1 && codings[0] === 'chunked') return CHUNKED;
  const last = codings.at(-1);
  if (last !== 'chunked' || codings.indexOf('chunked') !== codings.length - 1)
    return 'http1.framing.chunked-not-final';
  return 'http1.framing.unknown-coding';
}

/** Digits and the white space around them, and not so many zeros in front that a reader may cut them off elsewhere. */
const LENGTH = /^[\t ]*[0-9]{1,19}[\t ]*$/;

/** What it nearly always is. */
const PLAIN_LENGTH = /^[0-9]{1,15}$/;

/** One length, or a list of equal ones (RFC 9110 §8.6). */
function lengthVerdict(values: readonly string[]): Framing | ErrorCode {
  let length = -1;
  for (const value of values) {
    for (const part of value.split(',')) {
      if (!LENGTH.test(part)) return 'http1.framing.malformed-length';
      const parsed = Number(part);
      if (!Number.isSafeInteger(parsed)) return 'http1.framing.malformed-length';
      if (length !== -1 && parsed !== length) return 'http1.framing.differing-lengths';
      length = parsed;
    }
  }
  return length;
}

/** Whether the connection may serve another message after this one (RFC 9112 §9.3), by what the head says of it. */
export function wantsKeepAlive(version: HttpVersion, headers: ReadonlyHeaderList, seen: number): boolean {
  if ((seen & SEEN.connection) === 0) return version === 11;
  const sole = headers.getSole(CONNECTION);
  if (sole === 'keep-alive') return true;
  if (sole === 'close') return false;
  const options = listMembers(headers.getList('connection') as string);
  if (options.includes('close')) return false;
  return version === 11 || options.includes('keep-alive');
}
