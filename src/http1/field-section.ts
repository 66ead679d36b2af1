import type { ErrorCode } from '../core/errors.ts';
import { ALIAS, candidateField, fieldBytesOf, knownField } from '../http/field-names.ts';
import { SPAN } from '../http/header-list.ts';
import { COLON, CR, FIELD_VALUE, HT, LF, SP, TOKEN_FOLDED, UNDERSCORE } from './chars.ts';

/** What a parser answers instead of the position after what it has read. */
export const NEED_MORE = -1;
export const REFUSED = -2;

/** Where in a field line the parser stands. */
const LINE_START = 0;
const NAME = 1;
const SPACE = 2;
const VALUE = 3;
const VALUE_END = 4;
const SECTION_END = 5;

/** Which fields with a say in framing and connection handling were seen (bits of `FieldSection.seen`). */
export const SEEN = {
  host: 1,
  hostAgain: 2,
  contentLength: 4,
  transferEncoding: 8,
  connection: 16,
  expect: 32,
  upgrade: 64,
} as const;

const HOST = knownField('host');
const CONNECTION = knownField('connection');
const CONTENT_LENGTH = knownField('content-length');
const TRANSFER_ENCODING = knownField('transfer-encoding');
const EXPECT = knownField('expect');
const UPGRADE = knownField('upgrade');

/**
 * Parses the field lines of a head or of a trailer section, up to and with the empty line (RFC 9112 §5).
 *
 * `parse(bytes, base, position, end)` reads from `position` on and answers
 *  - a position: the section is complete, and its last byte stands before that position;
 *  - NEED_MORE: all bytes up to `end` are good so far; call again with the same message at `base` and more of it,
 *    from `resumeAt` on. No byte is looked at twice;
 *  - REFUSED: `error` names the rule that was broken, `errorOffset` the byte, counted from `base`.
 * It never throws. Spans are offsets from `base`.
 */
export class FieldSection {
  seen = 0;
  error: ErrorCode = 'http1.field.malformed-name';
  errorOffset = 0;
  /** Where to go on, counted from `base`. */
  resumeAt = 0;
  /** The spans so far; memory that is used again, so that a list is made in one piece. */
  readonly #spans: number[] = [];
  readonly #maxFields: number;
  #state = LINE_START;
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;
  #count = 0;

  constructor(maxFields: number) {
    this.#maxFields = maxFields;
  }

  /** The spans of the section that was parsed, as `HeaderList` takes them. */
  takeSpans(): number[] {
    return this.#spans.slice(0, this.#count * SPAN);
  }

  /** Forget the last section. */
  reset(): void {
    this.seen = 0;
    this.#state = LINE_START;
    this.#count = 0;
  }

  parse(bytes: Buffer, base: number, position: number, end: number): number {
    let p = position;
    let state = this.#state;
    let nameStart = this.#nameStart;
    let nameEnd = this.#nameEnd;
    let valueStart = this.#valueStart;
    let byte = 0;
    const token = TOKEN_FOLDED;
    while (p < end) {
      switch (state) {
        case LINE_START:
          byte = bytes[p];
          if (byte === CR) {
            p++;
            state = SECTION_END;
            break;
          }
          if (byte === SP || byte === HT) return this.#refuse('http1.field.line-folding', p - base);
          if (byte === LF) return this.#refuse('http1.line.bare-lf', p - base);
          if (this.#count === this.#maxFields) return this.#refuse('http1.head.too-many-fields', p - base);
          nameStart = p - base;
          state = NAME;
        // falls through
        case NAME:
          while (p < end && token[bytes[p]] !== 0) p++;
          if (p === end) break;
          if (bytes[p] !== COLON) return this.#refuse(wrongNameByte(bytes[p]), p - base);
          nameEnd = p - base;
          if (nameEnd === nameStart) return this.#refuse('http1.field.malformed-name', p - base);
          p++;
          state = SPACE;
        // falls through
        case SPACE:
          while (p < end && (bytes[p] === SP || bytes[p] === HT)) p++;
          if (p === end) break;
          valueStart = p - base;
          state = VALUE;
        // falls through
        case VALUE:
          p = skipValue(bytes, p, end);
          if (p === end) break;
          byte = bytes[p];
          if (byte !== CR) {
            return this.#refuse(byte === LF ? 'http1.line.bare-lf' : 'http1.field.malformed-value', p - base);
          }
          p++;
          state = VALUE_END;
          if (p === end) break;
        // falls through
        case VALUE_END: {
          if (bytes[p] !== LF) return this.#refuse('http1.line.bare-cr', p - base - 1);
          let valueEnd = p - 1 - base;
          while (valueEnd > valueStart && isBlank(bytes[base + valueEnd - 1])) valueEnd--;
          const number = this.#recognise(bytes, base + nameStart, nameEnd - nameStart);
          const spans = this.#spans;
          const at = this.#count++ * SPAN;
          spans[at] = number;
          spans[at + 1] = nameStart;
          spans[at + 2] = nameEnd;
          spans[at + 3] = valueStart;
          spans[at + 4] = valueEnd;
          p++;
          state = LINE_START;
          break;
        }
        default: // SECTION_END
          if (bytes[p] !== LF) return this.#refuse('http1.line.bare-cr', p - base - 1);
          return p + 1;
      }
    }
    this.#state = state;
    this.#nameStart = nameStart;
    this.#nameEnd = nameEnd;
    this.#valueStart = valueStart;
    this.resumeAt = p - base;
    return NEED_MORE;
  }

  /** The field's number; length, first and last byte only propose one, the name itself decides. */
  #recognise(bytes: Buffer, start: number, length: number): number {
    const token = TOKEN_FOLDED;
    const number = candidateField(length, token[bytes[start]], token[bytes[start + length - 1]]);
    const name = fieldBytesOf(number);
    if (length !== name.length) return 0;
    let alias = false;
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i];
      if (token[byte] !== name[i]) return 0;
      if (byte === UNDERSCORE) alias = true;
    }
    if (alias) return ALIAS;
    this.#note(number);
    return number;
  }

  #note(number: number): void {
    if (number === HOST) this.seen |= (this.seen & SEEN.host) === 0 ? SEEN.host : SEEN.hostAgain;
    else if (number === CONNECTION) this.seen |= SEEN.connection;
    else if (number === CONTENT_LENGTH) this.seen |= SEEN.contentLength;
    else if (number === TRANSFER_ENCODING) this.seen |= SEEN.transferEncoding;
    else if (number === EXPECT) this.seen |= SEEN.expect;
    else if (number === UPGRADE) this.seen |= SEEN.upgrade;
  }

  #refuse(error: ErrorCode, offset: number): number {
    this.error = error;
    this.errorOffset = offset;
    return REFUSED;
  }
}

function skipValue(bytes: Buffer, from: number, end: number): number {
  const table = FIELD_VALUE;
  let p = from;
  while (p < end && table[bytes[p]] === 1) p++;
  return p;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HT;
}

function wrongNameByte(byte: number): ErrorCode {
  if (byte === SP || byte === HT) return 'http1.field.space-before-colon';
  return byte === LF ? 'http1.line.bare-lf' : 'http1.field.malformed-name';
}
