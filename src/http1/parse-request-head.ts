import { Buffer } from 'node:buffer';
import { latin1 } from '../core/latin1.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { HttpVersion, RequestHead } from '../http/head.ts';
import { HeaderList, valueOffset } from '../http/header-list.ts';
import { knownField } from '../http/field-names.ts';
import { validAuthority } from '../http/target.ts';
import * as chars from './chars.ts';
import { FieldSection, NEED_MORE, REFUSED, SEEN, type FieldProgress } from './field-section.ts';
import { HeadMemo } from './head-memo.ts';
import { STRICT, type Leniency } from './leniency.ts';
import { makeHead, plainHead } from './make-request-head.ts';

// Constants of this module are faster than imported ones: see field-section.ts.
const { CR, DOT, LF, QUESTION_MARK, SLASH, SP, TARGET, TARGET_PLAIN, TOKEN } = chars;

const HOST = knownField('host');

/** Longer methods than any registered one (RFC 9110 §16.1.1) are not read to their end. */
const LONGEST_METHOD = 32;

/** What was read of a request line that was refused, or whose head was; empty is what was not. */
export interface RequestLine {
  readonly method: string;
  readonly target: string;
}

/** Bounds on a head; sizes in bytes. */
export interface HeadLimits {
  readonly headerBytes: number;
  readonly headers: number;
  readonly uriBytes: number;
}

/** How far a head is understood, in bytes from its first; undefined is what has not come yet. */
export interface RequestHeadProgress {
  readonly methodEnd: number | undefined;
  readonly targetEnd: number | undefined;
  readonly fields: FieldProgress | undefined;
}

const NO_LINE: RequestLine = { method: '', target: '' };

type State = 'start' | 'method' | 'target' | 'version' | 'version-end' | 'fields';

/**
 * Parses request heads (RFC 9112 §3, §5), one after the other.
 *
 * `parse(bytes, base, end)` reads the message that begins at `base` and answers
 *  - a position: the head is complete (see `head`, `seen`), its last byte stands before that position;
 *  - NEED_MORE: call again with the same message at the new `base` and more of it. No byte is looked at twice;
 *  - REFUSED: `error` names the rule that was broken, `errorOffset` the byte, counted from `base`.
 * It never throws, and what it answers does not depend on how the bytes were cut into pieces.
 */
export class RequestHeadParser {
  head: RequestHead | undefined = undefined;
  /** Which fields of framing and connection handling the head has: bits of `SEEN`. */
  seen = 0;
  error: ErrorCode = 'http1.request-line.malformed';
  errorOffset = 0;
  readonly limits: HeadLimits;
  readonly lenient: Leniency;
  readonly #fields: FieldSection;
  readonly #memo = new HeadMemo<RequestHead>();
  #state: State = 'start';
  #resumeAt = 0;
  #methodEnd = 0;
  #targetEnd = 0;
  /** Where the query begins, counted from the target's first byte; 0 for none. */
  #queryAt = 0;
  /** Nothing was seen in the target that its normal form might not have. */
  #isNormal = true;

  constructor(limits: HeadLimits, lenient: Leniency = STRICT) {
    this.limits = limits;
    this.lenient = lenient;
    this.#fields = new FieldSection(limits.headers, lenient);
  }

  /** Whether the next byte would be a message's first. */
  get atStart(): boolean {
    return this.#state === 'start';
  }

  /** After a refusal, for the log: what the message at `base` asked for, as far as it was understood. */
  requestLine(bytes: Buffer, base: number): RequestLine {
    const state = this.#state;
    if (state === 'start' || state === 'method') return NO_LINE;
    const start = base + this.#methodEnd;
    const end = base + (state === 'target' ? this.errorOffset : this.#targetEnd);
    return { method: latin1(bytes, base, start), target: latin1(bytes, start + 1, end) };
  }

  /** After NEED_MORE, for who explains what has come. */
  get progress(): RequestHeadProgress {
    const state = this.#state;
    const inMethod = state === 'start' || state === 'method';
    return {
      methodEnd: inMethod ? undefined : this.#methodEnd,
      targetEnd: inMethod || state === 'target' ? undefined : this.#targetEnd,
      fields: state === 'fields' ? this.#fields.progress : undefined,
    };
  }

  /** Begin a new message. */
  reset(): void {
    this.#state = 'start';
    this.#resumeAt = 0;
    this.#queryAt = 0;
    this.#isNormal = true;
    this.#fields.reset();
    this.head = undefined;
  }

  parse(bytes: Buffer, base: number, end: number): number {
    if (this.#state === 'start') {
      const known = this.#memo.recall(bytes, base, end);
      if (known !== undefined) {
        this.head = known;
        this.seen = this.#memo.seen;
        return base + this.#memo.length;
      }
    }
    const limit = base + this.limits.headerBytes;
    const bound = end < limit ? end : limit;
    const result = this.#parse(bytes, base, bound);
    if (result !== NEED_MORE || bound === end) return result;
    const inTarget = this.#state === 'method' || this.#state === 'target';
    return this.#refuse(inTarget ? 'http1.request-line.too-long' : 'http1.head.too-large', bound - base);
  }

  #parse(bytes: Buffer, base: number, end: number): number {
    if (this.#state !== 'fields') {
      const p = this.#parseRequestLine(bytes, base, end);
      if (p < 0) return p;
      this.#state = 'fields';
      this.#resumeAt = p - base;
    }
    const fields = this.#fields;
    const after = fields.parse(bytes, base, base + this.#resumeAt, end);
    if (after === NEED_MORE) {
      this.#resumeAt = fields.resumeAt;
      return NEED_MORE;
    }
    if (after === REFUSED) return this.#refuse(fields.error, fields.errorOffset);
    return this.#complete(bytes, base, after);
  }

  /** method SP request-target SP HTTP-version CRLF (RFC 9112 §3). */
  #parseRequestLine(bytes: Buffer, base: number, end: number): number {
    let p = base + this.#resumeAt;
    switch (this.#state) {
      case 'start':
        if (p === end) return this.#needMore(p - base);
        this.#state = 'method';
      // falls through
      case 'method':
        while (p < end && TOKEN[bytes[p]] === 1) p++;
        if (p - base > LONGEST_METHOD) return this.#refuse('http1.method.too-long', LONGEST_METHOD);
        if (p === end) return this.#needMore(p - base);
        if (bytes[p] !== SP || p === base) return this.#refuse('http1.method.malformed', p - base);
        this.#methodEnd = p - base;
        p++;
        this.#state = 'target';
      // falls through
      case 'target': {
        for (;;) {
          while (p < end && TARGET[bytes[p]] === TARGET_PLAIN) p++;
          if (p === end || TARGET[bytes[p]] === 0) break;
          this.#noteInTarget(bytes[p], bytes[p - 1], p - base);
          p++;
        }
        const start = this.#methodEnd + 1;
        const length = p - base - start;
        const { uriBytes } = this.limits;
        if (length > uriBytes) return this.#refuse('http1.request-line.too-long', start + uriBytes);
        if (p === end) return this.#needMore(p - base);
        if (bytes[p] !== SP || length === 0) return this.#refuse(wrongTargetByte(bytes[p]), p - base);
        this.#targetEnd = p - base;
        p++;
        this.#state = 'version';
      }
      // falls through
      case 'version': {
        // HTTP-version is 8 bytes: HTTP/d.d
        const start = base + this.#targetEnd + 1;
        for (; p < end && p - start < 8; p++) {
          if (bytes[p] !== VERSION[p - start] && !isVersionDigit(bytes[p], p - start))
            return this.#refuse('http1.version.malformed', p - base);
        }
        if (p - start < 8 || p === end) return this.#needMore(p - base);
        const bareLf = bytes[p] === LF && this.lenient.bareLf;
        if (bytes[p] !== CR && !bareLf) {
          return this.#refuse(bytes[p] === LF ? 'http1.line.bare-lf' : 'http1.version.malformed', p - base);
        }
        if (bytes[start + 5] !== 0x31) return this.#refuse('http1.version.unsupported', start - base);
        if (!bareLf) p++;
        this.#state = 'version-end';
      }
      // falls through
      case 'version-end':
        if (p === end) return this.#needMore(p - base);
        if (bytes[p] !== LF) return this.#refuse('http1.line.bare-cr', p - base - 1);
        return p + 1;
      case 'fields':
        return p;
    }
  }

  #noteInTarget(byte: number, before: number, offset: number): void {
    if (byte === QUESTION_MARK) {
      if (this.#queryAt === 0) this.#queryAt = offset - this.#methodEnd - 1;
    } else if ((byte !== SLASH && byte !== DOT) || before === SLASH) {
      this.#isNormal = false;
    }
  }

  #complete(bytes: Buffer, base: number, after: number): number {
    const text = latin1(bytes, base, after);
    const method = methodName(text, this.#methodEnd);
    // A text of its own: a slice of the head's would be dearer wherever it is compared or looked up.
    const rawTarget = latin1(bytes, base + this.#methodEnd + 1, base + this.#targetEnd);
    // A higher minor version is read as the highest that there is (RFC 9110 §2.5).
    const version: HttpVersion = text.charCodeAt(this.#targetEnd + 8) === 0x30 ? 10 : 11;
    const headers = new HeaderList(text, this.#fields.takeSpans());
    const { seen } = this.#fields;
    const authority = authorityOf(headers, seen, version);
    if (authority === undefined) {
      const error = hostError(headers, seen);
      return this.#refuse(error, hostOffset(headers, error));
    }
    const head =
      this.#isNormal && text.charCodeAt(this.#methodEnd + 1) === SLASH && method !== 'CONNECT'
        ? plainHead(method, rawTarget, this.#queryAt, authority, version, headers)
        : makeHead(method, rawTarget, version, headers, authority);
    if (head === undefined) return this.#refuse('http1.target.malformed', this.#methodEnd + 1);
    this.head = head;
    this.seen = seen;
    this.#memo.remember(bytes, base, after, head, seen);
    return after;
  }

  #needMore(offset: number): number {
    this.#resumeAt = offset;
    return NEED_MORE;
  }

  #refuse(error: ErrorCode, offset: number): number {
    this.error = error;
    this.errorOffset = offset;
    return REFUSED;
  }
}

let spare: RequestHeadParser | undefined;

/** A parser at the start of a message. Idle connections hold none: most heads come whole, and one serves them all. */
export function takeParser(limits: HeadLimits, lenient: Leniency): RequestHeadParser {
  const parser = spare;
  if (parser === undefined || parser.limits !== limits || parser.lenient !== lenient) {
    return new RequestHeadParser(limits, lenient);
  }
  spare = undefined;
  return parser;
}

/** Give a parser back, and what it holds up. */
export function giveParser(parser: RequestHeadParser): void {
  parser.reset();
  spare = parser;
}

function wrongTargetByte(byte: number): ErrorCode {
  if (byte === LF) return 'http1.line.bare-lf';
  return byte === SP || byte === CR ? 'http1.request-line.malformed' : 'http1.target.malformed';
}

/** What the version nearly always is. */
const VERSION = new Uint8Array(Buffer.from('HTTP/1.1'));

/** Whether a byte of the version may be another than in VERSION: `HTTP/` DIGIT `.` DIGIT. */
function isVersionDigit(byte: number, place: number): boolean {
  return (place === 5 || place === 7) && byte >= 0x30 && byte <= 0x39;
}

/** The method as a string that is shared for the common ones. */
function methodName(text: string, end: number): string {
  if (end === 3 && text.startsWith('GET')) return 'GET';
  if (end === 4) {
    if (text.startsWith('POST')) return 'POST';
    if (text.startsWith('HEAD')) return 'HEAD';
  }
  return text.slice(0, end);
}

let lastHost = '';
let lastAuthority = '';

/**
 * What the Host field says, in lower case; undefined where it breaks RFC 9112 §3.2: exactly one valid Host in HTTP/1.1,
 * at most one in HTTP/1.0. An empty one is valid: the request is for no host in particular, and a default may serve it
 * (RFC 9112 §3.3). Hosts repeat from request to request: the last good one is remembered.
 */
function authorityOf(headers: HeaderList, seen: number, version: HttpVersion): string | undefined {
  const host = headers.getKnown(HOST);
  if (host === undefined) return version === 11 ? undefined : '';
  if ((seen & SEEN.hostAgain) !== 0) return undefined;
  if (host === lastHost) return lastAuthority;
  if (host === '') return '';
  if (!validAuthority(host)) return undefined;
  lastHost = host;
  lastAuthority = host.toLowerCase();
  return lastAuthority;
}

function hostError(headers: HeaderList, seen: number): ErrorCode {
  if (headers.getKnown(HOST) === undefined) return 'http1.host.missing';
  return (seen & SEEN.hostAgain) === 0 ? 'http1.host.malformed' : 'http1.host.repeated';
}

/** The value of the Host field that is refused; the empty line, where there is none. */
function hostOffset(headers: HeaderList, error: ErrorCode): number {
  if (error === 'http1.host.missing') return headers.text.length - 2;
  const first = valueOffset(headers, HOST);
  return error === 'http1.host.repeated' ? valueOffset(headers, HOST, first + 1) : first;
}
