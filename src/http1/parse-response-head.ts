import { Buffer } from 'node:buffer';
import { latin1 } from '../core/latin1.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { HttpVersion, ResponseHead } from '../http/head.ts';
import { HeaderList } from '../http/header-list.ts';
import * as chars from './chars.ts';
import { FieldSection, NEED_MORE, REFUSED, type FieldProgress } from './field-section.ts';
import { HeadMemo } from './head-memo.ts';
import { STRICT, type Leniency } from './leniency.ts';
import type { HeadLimits } from './parse-request-head.ts';

// Constants of this module are faster than imported ones: see field-section.ts.
const { CR, FIELD_VALUE, HEX, LF, SP } = chars;

/** `HTTP/1.1 200` without the last digit of the version: what every status line begins with. */
const PREFIX = Buffer.from('HTTP/1.');
/** Length of `HTTP/1.1 200`. */
const FIXED_LENGTH = 12;

/** Bounds on an answer's head; a server that exceeds them is not to be trusted with a connection. */
export const RESPONSE_HEAD_LIMITS: HeadLimits = { headerBytes: 64 * 1024, headers: 256, uriBytes: 0 };

/** How far a head is understood, in bytes from its first; undefined is what has not come yet. */
export interface ResponseHeadProgress {
  readonly reasonEnd: number | undefined;
  readonly fields: FieldProgress | undefined;
}

/**
 * Parses response heads (RFC 9112 §4, §5), one after the other; as strict as the parser of requests, with the same
 * contract: `parse` answers the position after the head, NEED_MORE or REFUSED, and never throws. After a refusal `error`
 * is what becomes of the exchange, `detail` the rule that the server broke.
 */
export class ResponseHeadParser {
  head: ResponseHead | undefined = undefined;
  /** Which fields of framing and connection handling the head has: bits of `SEEN`. */
  seen = 0;
  error: ErrorCode = 'upstream.malformed-response';
  /** The rule that was broken. */
  detail: ErrorCode | undefined = undefined;
  /** The byte that broke it, counted from the message's first. */
  errorOffset = 0;
  readonly lenient: Leniency;
  readonly #limits: HeadLimits;
  readonly #fields: FieldSection;
  readonly #memo = new HeadMemo<ResponseHead>();
  #state: 'status-line' | 'reason' | 'line-end' | 'fields' = 'status-line';
  #resumeAt = 0;
  #reasonStart = 0;
  #reasonEnd = 0;

  constructor(limits: HeadLimits, lenient: Leniency = STRICT) {
    this.#limits = limits;
    this.lenient = lenient;
    this.#fields = new FieldSection(limits.headers, lenient);
  }

  /** After NEED_MORE, for who explains what has come. */
  get progress(): ResponseHeadProgress {
    const state = this.#state;
    return {
      reasonEnd: state === 'line-end' || state === 'fields' ? this.#reasonEnd : undefined,
      fields: state === 'fields' ? this.#fields.progress : undefined,
    };
  }

  /** Begin a new message. */
  reset(): void {
    this.#state = 'status-line';
    this.#resumeAt = 0;
    this.#fields.reset();
    this.head = undefined;
    this.detail = undefined;
  }

  parse(bytes: Buffer, base: number, end: number): number {
    if (this.#state === 'status-line' && this.#resumeAt === 0) {
      const known = this.#memo.recall(bytes, base, end);
      if (known !== undefined) {
        this.head = known;
        this.seen = this.#memo.seen;
        return base + this.#memo.length;
      }
    }
    const bound = Math.min(end, base + this.#limits.headerBytes);
    const result = this.#parse(bytes, base, bound);
    if (result !== NEED_MORE || bound === end) return result;
    this.#refuse('http1.head.too-large', bound - base);
    this.error = 'upstream.response-too-large';
    return REFUSED;
  }

  #parse(bytes: Buffer, base: number, end: number): number {
    if (this.#state !== 'fields') {
      const p = this.#parseStatusLine(bytes, base, end);
      if (p < 0) return p;
      this.#state = 'fields';
      this.#resumeAt = p - base;
    }
    const fields = this.#fields;
    const after = fields.parse(bytes, base, base + this.#resumeAt, end);
    if (after === NEED_MORE) return this.#needMore(fields.resumeAt);
    if (after === REFUSED) return this.#refuse(fields.error, fields.errorOffset);
    const text = latin1(bytes, base, after);
    // A higher minor version is read as the highest that there is (RFC 9110 §2.5).
    const version: HttpVersion = text.charCodeAt(PREFIX.length) === 0x30 ? 10 : 11;
    const status = statusOf(text);
    const reason = text.slice(this.#reasonStart, this.#reasonEnd);
    const head = {
      status,
      reason,
      version,
      headers: new HeaderList(text, fields.takeSpans()),
      derived: undefined,
    };
    this.head = head;
    this.seen = fields.seen;
    this.#memo.remember(bytes, base, after, head, this.seen);
    return after;
  }

  /** HTTP-version SP status-code SP [ reason-phrase ] CRLF */
  #parseStatusLine(bytes: Buffer, base: number, end: number): number {
    let p = base + this.#resumeAt;
    for (;;) {
      switch (this.#state) {
        case 'status-line': {
          for (; p < end && p - base < FIXED_LENGTH; p++) {
            if (!statusLineByteFits(bytes[p], p - base)) return this.#refuse(wrongByte(bytes[p]), p - base);
          }
          if (p === end) return this.#needMore(p - base);
          if (bytes[p] === SP) p++;
          else if (!isLineEnd(bytes[p])) return this.#refuse('http1.status-line.malformed', p - base);
          else if (!this.lenient.missingReasonSpace)
            return this.#refuse('http1.status-line.missing-space', p - base);
          this.#reasonStart = p - base;
          this.#state = 'reason';
          continue;
        }
        case 'reason': {
          while (p < end && FIELD_VALUE[bytes[p]] === 1) p++;
          if (p === end) return this.#needMore(p - base);
          if (bytes[p] !== CR && !(bytes[p] === LF && this.lenient.bareLf)) {
            return this.#refuse(wrongByte(bytes[p]), p - base);
          }
          this.#reasonEnd = p - base;
          if (bytes[p] === CR) p++;
          this.#state = 'line-end';
          continue;
        }
        case 'line-end': {
          if (p === end) return this.#needMore(p - base);
          return bytes[p] === LF ? p + 1 : this.#refuse('http1.line.bare-cr', p - base - 1);
        }
        case 'fields':
          return p;
      }
    }
  }

  #needMore(offset: number): number {
    this.#resumeAt = offset;
    return NEED_MORE;
  }

  #refuse(detail: ErrorCode, offset: number): number {
    this.error = 'upstream.malformed-response';
    this.detail = detail;
    this.errorOffset = offset;
    return REFUSED;
  }
}

function isLineEnd(byte: number): boolean {
  return byte === CR || byte === LF;
}

function wrongByte(byte: number): ErrorCode {
  return byte === LF ? 'http1.line.bare-lf' : 'http1.status-line.malformed';
}

/** The three digits before the end of the fixed part, which have been checked. */
function statusOf(text: string): number {
  const digit = (place: number): number => text.charCodeAt(FIXED_LENGTH - place) - 0x30;
  return 100 * digit(3) + 10 * digit(2) + digit(1);
}

/** `HTTP/1.` DIGIT SP DIGIT(1–5) DIGIT DIGIT; no other class of status exists (RFC 9110 §15) */
function statusLineByteFits(byte: number, place: number): boolean {
  if (place < PREFIX.length) return byte === PREFIX[place];
  if (place === PREFIX.length) return HEX[byte] < 10;
  if (place === PREFIX.length + 1) return byte === SP;
  if (place === PREFIX.length + 2) return byte >= 0x31 && byte <= 0x35;
  return HEX[byte] < 10;
}
