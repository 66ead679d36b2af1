import type { ErrorCode } from '../core/errors.ts';
import type { HttpVersion } from '../http/head.ts';
import { knownField } from '../http/field-names.ts';
import { SPAN, valueOffset, type ReadonlyHeaderList } from '../http/header-list.ts';
import { listMembers, trimBlanks } from '../http/list-members.ts';
import { HT, SP } from './chars.ts';
import { SEEN } from './field-section.ts';
import { STRICT, type Leniency } from './leniency.ts';

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
  lenient: Leniency = STRICT,
): Framing | ErrorCode {
  if ((seen & FRAMING_FIELDS) === 0) return 0;
  if ((seen & SEEN.transferEncoding) !== 0) {
    // A length beside a coding is how requests are smuggled (RFC 9112 §6.1, §11.2).
    if ((seen & SEEN.contentLength) !== 0) return 'http1.framing.length-and-coding';
    if (version === 10) return 'http1.framing.coding-in-1.0';
    return codingVerdict(headers);
  }
  const sole = headers.getSole(CONTENT_LENGTH);
  if (typeof sole === 'string' && PLAIN_LENGTH.test(sole)) return Number(sole);
  return lengthVerdict(headers.getAll('content-length'), lenient);
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
  lenient: Leniency = STRICT,
): Framing | ErrorCode {
  if (endsWithHead(requestMethod, status)) return 0;
  if ((seen & FRAMING_FIELDS) === 0) return UNTIL_CLOSE;
  return requestFraming(version, headers, seen, lenient);
}

/**
 * Whether a response that ends with its head has fields by which a less careful reader, or the server itself, would
 * see a body behind it: a coding or a length where there is none to be (RFC 9112 §6.1, RFC 9110 §8.6), or a verdict
 * that would be a refusal. What comes next over that connection is of nobody knows which answer: it is not used again.
 */
export function endIsDoubtful(
  requestMethod: string,
  status: number,
  version: HttpVersion,
  headers: ReadonlyHeaderList,
  seen: number,
  lenient: Leniency = STRICT,
): boolean {
  if ((seen & FRAMING_FIELDS) === 0 || !endsWithHead(requestMethod, status)) return false;
  const verdict = requestFraming(version, headers, seen, lenient);
  if (typeof verdict === 'string') return true;
  // For HEAD and 304 the fields say what another answer would have had.
  return (status < 200 || status === 204) && verdict !== 0;
}

/** 1xx, 204 and 304, what answers HEAD, and the CONNECT that succeeds. */
function endsWithHead(requestMethod: string, status: number): boolean {
  if (status < 200 || status === 204 || status === 304 || requestMethod === 'HEAD') return true;
  return requestMethod === 'CONNECT' && status < 300;
}

/**
 * After a refusal by the head's fields: where the value stands that it is about, counted from the message's first byte.
 * Of a length and a coding, that is the one that comes second: up to there nothing was wrong.
 */
export function framingOffset(headers: ReadonlyHeaderList, code: ErrorCode): number {
  switch (code) {
    case 'http1.framing.length-and-coding':
    case 'http1.framing.content-in-connect':
    case 'http1.framing.content-in-interim':
      return Math.max(valueOffset(headers, CONTENT_LENGTH), valueOffset(headers, TRANSFER_ENCODING));
    case 'http1.framing.malformed-length':
    case 'http1.framing.differing-lengths':
    case 'http1.framing.repeated-length':
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
  const { spans, text } = headers;
  let first: string | undefined = undefined;
  for (let i = 0; i < spans.length; i += SPAN) {
    if (spans[i] !== CONTENT_LENGTH) continue;
    const value = text.slice(spans[i + 3], spans[i + 4]);
    if (lengthVerdict(first === undefined ? [value] : [first, value], STRICT) === code) return spans[i + 3];
    [first] = (first ?? value).split(',', 1);
  }
  return 0;
}

/** transfer-coding (RFC 9112 §7), of which `chunked` has no parameters (§7.1). */
const CODING = /^[!#$%&'*+\-.^_`|~0-9a-z]+(?:[\t ]*;.*)?$/;
const CHUNKED_WITH_PARAMETERS = /^chunked[\t ]*;/;

/** `chunked`, once and alone, is the only coding that we speak, and no other spelling of it counts. */
function codingVerdict(headers: ReadonlyHeaderList): Framing | ErrorCode {
  const sole = headers.getSole(TRANSFER_ENCODING);
  if (typeof sole === 'string' && sole.toLowerCase() === 'chunked') {
    return tabBehind(headers, sole) ? 'http1.framing.malformed-coding' : CHUNKED;
  }
  const codings = headers
    .getAll('transfer-encoding')
    .join(',')
    .split(',')
    .map((coding) => trimBlanks(coding).toLowerCase());
  for (const coding of codings) {
    if (!CODING.test(coding) || CHUNKED_WITH_PARAMETERS.test(coding)) return 'http1.framing.malformed-coding';
  }
  const first = codings.indexOf('chunked');
  if (first === -1 || first !== codings.length - 1) return 'http1.framing.chunked-not-final';
  return 'http1.framing.unknown-coding';
}

/**
 * Whether white space with a tab follows the coding. It would be no part of it (RFC 9110 §5.6.3), but node:http takes it
 * for one: it refuses such a request, and reads such a response until the connection closes. nginx refuses it as well.
 */
function tabBehind(headers: ReadonlyHeaderList, coding: string): boolean {
  const { text } = headers;
  let p = valueOffset(headers, TRANSFER_ENCODING) + coding.length;
  while (text.charCodeAt(p) === SP) p++;
  return text.charCodeAt(p) === HT;
}

/** Digits, and not so many zeros in front that a reader may cut them off elsewhere. */
const LENGTH = /^[0-9]{1,19}$/;

/** What it nearly always is. */
const PLAIN_LENGTH = /^[0-9]{1,15}$/;

/** One length; a list of equal ones (RFC 9110 §8.6) only where that is let through. */
function lengthVerdict(values: readonly string[], lenient: Leniency): Framing | ErrorCode {
  let length = -1;
  let repeated = false;
  for (const value of values) {
    for (const part of value.split(',')) {
      const digits = trimBlanks(part);
      if (!LENGTH.test(digits)) return 'http1.framing.malformed-length';
      const parsed = Number(digits);
      if (!Number.isSafeInteger(parsed)) return 'http1.framing.malformed-length';
      if (length !== -1) {
        if (parsed !== length) return 'http1.framing.differing-lengths';
        repeated = true;
      }
      length = parsed;
    }
  }
  return repeated && !lenient.equalLengths ? 'http1.framing.repeated-length' : length;
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
