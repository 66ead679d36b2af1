import type { ErrorCode } from '../core/errors.ts';
import * as names from '../http/field-names.ts';
import * as headerList from '../http/header-list.ts';
import * as chars from './chars.ts';
import { STRICT, type Leniency } from './leniency.ts';

/*
 * A constant of this module is compiled into the loops below; one that is imported would be loaded anew for every byte.
 * It is a tenth of the time that a head takes.
 */
const { COLON, CR, FIELD_VALUE, HT, HYPHEN, LF, SP, TOKEN, UNDERSCORE } = chars;
const { ALIAS, NAME_BYTES, NAME_LENGTHS, NAME_STRIDE, candidateField, knownField } = names;
const { SPAN } = headerList;

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

/** Fields that there is room for from the start. */
const USUAL_FIELDS = 32;

/** The names four bytes at a time. */
const NAME_WORDS = new DataView(NAME_BYTES.buffer, NAME_BYTES.byteOffset, NAME_BYTES.byteLength);

const NO_VIEW = new DataView(new ArrayBuffer(0));

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

/** The bit of each of these fields, by number; 0 for all others. */
const SEEN_BITS = new Uint8Array(256);
SEEN_BITS[knownField('host')] = SEEN.host;
SEEN_BITS[knownField('content-length')] = SEEN.contentLength;
SEEN_BITS[knownField('transfer-encoding')] = SEEN.transferEncoding;
SEEN_BITS[knownField('connection')] = SEEN.connection;
SEEN_BITS[knownField('expect')] = SEEN.expect;
SEEN_BITS[knownField('upgrade')] = SEEN.upgrade;

/** How far a section is understood, in offsets like those of the spans; undefined is what has not come yet. */
export interface FieldProgress {
  /** The field lines that are complete. */
  readonly spans: readonly number[];
  /** The first byte of the line that is being read. */
  readonly lineStart: number;
  readonly nameEnd: number | undefined;
  readonly valueStart: number | undefined;
  readonly valueEnd: number | undefined;
}

/**
 * Parses the field lines of a head or of a trailer section, up to and with the empty line (RFC 9112 §5).
 *
 * `parse(bytes, base, position, end)` reads from `position` on and answers
 *  - a position: the section is complete, and its last byte stands before that position;
 *  - NEED_MORE: all bytes up to `end` are good so far; call again with the same message at `base` and more of it,
 *    from `resumeAt` on. No byte is looked at twice;
 *  - REFUSED: `error` names the rule that was broken, `errorOffset` the byte, counted from `base`.
 * It never throws. Spans are offsets from `base`. Only where line folding is let through does it write into `bytes`: in
 * a section that is complete, line breaks inside of values have become spaces.
 */
export class FieldSection {
  seen = 0;
  error: ErrorCode = 'http1.field.malformed-name';
  errorOffset = 0;
  /** Where to go on, counted from `base`. */
  resumeAt = 0;
  /** The spans so far; memory that is used again, so that a list is made in one piece. It grows seldom: growing is slow. */
  readonly #spans: number[] = Array.from({ length: USUAL_FIELDS * SPAN }, () => 0);
  readonly #maxFields: number;
  readonly #lenient: Leniency;
  /** Where lines were folded: the offset of each LF. */
  readonly #folds: number[] = [];
  #state = LINE_START;
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;
  #valueEnd = 0;
  #count = 0;
  /** The buffer that was parsed last, nearly always the same one, and a view of it to read four bytes at once. */
  #viewed: Buffer | undefined = undefined;
  #view: DataView = NO_VIEW;

  constructor(maxFields: number, lenient: Leniency = STRICT) {
    this.#maxFields = maxFields;
    this.#lenient = lenient;
  }

  /** The spans of the section that was parsed, as `HeaderList` takes them. */
  takeSpans(): number[] {
    return this.#spans.slice(0, this.#count * SPAN);
  }

  /** After NEED_MORE, for who explains what has come. */
  get progress(): FieldProgress {
    const state = this.#state;
    const inLine = state !== LINE_START && state !== SECTION_END;
    return {
      spans: this.takeSpans(),
      lineStart: inLine ? this.#nameStart : this.resumeAt - (state === SECTION_END ? 1 : 0),
      nameEnd: inLine && state !== NAME ? this.#nameEnd : undefined,
      valueStart: state === VALUE || state === VALUE_END ? this.#valueStart : undefined,
      valueEnd: state === VALUE_END ? this.#valueEnd : undefined,
    };
  }

  /** Forget the last section. */
  reset(): void {
    this.seen = 0;
    this.#state = LINE_START;
    this.#count = 0;
    if (this.#folds.length > 0) this.#folds.length = 0;
  }

  parse(bytes: Buffer, base: number, position: number, end: number): number {
    let p = this.#state === LINE_START ? this.#wholeLines(bytes, base, position, end) : position;
    let state = this.#state;
    let nameStart = this.#nameStart;
    let nameEnd = this.#nameEnd;
    let valueStart = this.#valueStart;
    let valueEnd = this.#valueEnd;
    let byte = 0;
    const token = TOKEN;
    const value = FIELD_VALUE;
    const spans = this.#spans;
    while (p < end) {
      switch (state) {
        case LINE_START:
          byte = bytes[p];
          if (byte === CR) {
            p++;
            state = SECTION_END;
            break;
          }
          if (byte === SP || byte === HT) {
            if (!this.#mayFold) return this.#refuse('http1.field.line-folding', p - base);
            this.#folds.push(p - 1 - base);
            // The last field is not complete after all.
            const last = --this.#count * SPAN;
            nameStart = spans[last + 1];
            nameEnd = spans[last + 2];
            valueStart = spans[last + 3];
            state = spans[last + 4] === valueStart ? SPACE : VALUE;
            break;
          }
          if (byte === LF) {
            if (!this.#lenient.bareLf) return this.#refuse('http1.line.bare-lf', p - base);
            state = SECTION_END;
            break;
          }
          if (this.#count === this.#maxFields) return this.#refuse('http1.head.too-many-fields', p - base);
          nameStart = p - base;
          state = NAME;
        // falls through
        case NAME:
          while (p < end && token[bytes[p]] === 1) p++;
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
          while (p < end && value[bytes[p]] === 1) p++;
          if (p === end) break;
          valueEnd = p - base;
          state = VALUE_END;
          if (bytes[p] === CR) p++;
          else if (bytes[p] !== LF) return this.#refuse('http1.field.malformed-value', p - base);
          else if (!this.#lenient.bareLf) return this.#refuse('http1.line.bare-lf', p - base);
          if (p === end) break;
        // falls through
        case VALUE_END: {
          if (bytes[p] !== LF) return this.#refuse('http1.line.bare-cr', p - base - 1);
          while (valueEnd > valueStart && isBlank(bytes[base + valueEnd - 1])) valueEnd--;
          const number = recognise(bytes, this.#viewOf(bytes), base + nameStart, nameEnd - nameStart);
          const bit = SEEN_BITS[number];
          if (bit !== 0) this.#note(bit);
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
          if (this.#folds.length > 0) this.#unfold(bytes, base);
          return p + 1;
      }
    }
    this.#state = state;
    this.#nameStart = nameStart;
    this.#nameEnd = nameEnd;
    this.#valueStart = valueStart;
    this.#valueEnd = valueEnd;
    this.resumeAt = p - base;
    return NEED_MORE;
  }

  /**
   * The way of nearly every line: it is all there, and nothing is wrong with it. Answers where the first other one
   * begins, which `parse` looks at state by state. A loop that has only this to do takes a quarter less time.
   */
  #wholeLines(bytes: Buffer, base: number, position: number, end: number): number {
    const token = TOKEN;
    const value = FIELD_VALUE;
    const spans = this.#spans;
    const room = this.#maxFields * SPAN;
    let at = this.#count * SPAN;
    const view = this.#viewOf(bytes);
    const lastWord = end - 4;
    let line = position;
    for (let p = position; at < room; line = p) {
      while (p < end && token[bytes[p]] === 1) p++;
      if (p === end || bytes[p] !== COLON || p === line) break;
      const nameEnd = p++;
      while (p < end && isBlank(bytes[p])) p++;
      const valueStart = p;
      while (p <= lastWord && isPlain(view.getInt32(p, true))) p += 4;
      while (p < end && value[bytes[p]] === 1) p++;
      if (p + 1 >= end || bytes[p] !== CR || bytes[p + 1] !== LF) break;
      let valueEnd = p;
      while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd--;
      const number = recognise(bytes, view, line, nameEnd - line);
      const bit = SEEN_BITS[number];
      if (bit !== 0) this.#note(bit);
      spans[at] = number;
      spans[at + 1] = line - base;
      spans[at + 2] = nameEnd - base;
      spans[at + 3] = valueStart - base;
      spans[at + 4] = valueEnd - base;
      at += SPAN;
      p += 2;
    }
    this.#count = at / SPAN;
    return line;
  }

  #viewOf(bytes: Buffer): DataView {
    if (bytes !== this.#viewed) {
      this.#viewed = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }

  #note(bit: number): void {
    this.seen |= bit === SEEN.host && (this.seen & SEEN.host) !== 0 ? SEEN.hostAgain : bit;
  }

  /** Whether the next line may go on with the value of the last one: see `Leniency`. */
  get #mayFold(): boolean {
    const last = this.#count - 1;
    return this.#lenient.lineFolding && last >= 0 && SEEN_BITS[this.#spans[last * SPAN]] === 0;
  }

  /** A fold is the line break with all the white space around it; spaces stand for it (RFC 9112 §5.2). */
  #unfold(bytes: Buffer, base: number): void {
    let done = 0;
    for (const lf of this.#folds) {
      // The line break and the blanks before it, back to the last fold; then those behind it.
      for (let p = base + lf; p >= done && isBlankOrBreak(bytes[p]); p--) bytes[p] = SP;
      for (done = base + lf + 1; isBlank(bytes[done]); done++) bytes[done] = SP;
    }
    // Values may end in them now.
    const spans = this.#spans;
    for (let at = 0; at < this.#count * SPAN; at += SPAN) {
      while (spans[at + 4] > spans[at + 3] && isBlank(bytes[base + spans[at + 4] - 1])) spans[at + 4]--;
    }
  }

  #refuse(error: ErrorCode, offset: number): number {
    this.error = error;
    this.errorOffset = offset;
    return REFUSED;
  }
}

/**
 * The field's number; length, first and last byte only propose one, the name itself decides. It is a token, and known
 * names are letters, digits and hyphens: with the bit set that makes small letters of capitals, no other two are equal.
 */
function recognise(bytes: Buffer, view: DataView, start: number, length: number): number {
  const number = candidateField(length, bytes[start] | 0x20, bytes[start + length - 1] | 0x20);
  if (NAME_LENGTHS[number] !== length) return 0;
  const known = NAME_BYTES;
  const name = number * NAME_STRIDE;
  let alias = false;
  let i = 0;
  // Nearly always these four bytes are those of the name, and the next ones too.
  while (
    i + 4 <= length &&
    (view.getInt32(start + i, true) | 0x20202020) === NAME_WORDS.getInt32(name + i, true)
  )
    i += 4;
  for (; i < length; i++) {
    const byte = bytes[start + i];
    if ((byte | 0x20) === known[name + i]) continue;
    if (byte !== UNDERSCORE || known[name + i] !== HYPHEN) return 0;
    alias = true;
  }
  return alias ? ALIAS : number;
}

/**
 * Whether none of four bytes is below 0x20 or is 0x7f: all may stand in a field value. In each byte a subtraction borrows
 * from its highest bit where the byte was smaller, and that bit tells, unless it was set before.
 */
function isPlain(word: number): boolean {
  const flipped = word ^ 0x7f7f7f7f;
  return ((((word - 0x20202020) & ~word) | ((flipped - 0x01010101) & ~flipped)) & 0x80808080) === 0;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HT;
}

function isBlankOrBreak(byte: number): boolean {
  return isBlank(byte) || byte === CR || byte === LF;
}

function wrongNameByte(byte: number): ErrorCode {
  if (byte === SP || byte === HT) return 'http1.field.space-before-colon';
  return byte === LF ? 'http1.line.bare-lf' : 'http1.field.malformed-name';
}
