import type { ErrorCode } from '../core/errors.ts';
import type { HeaderList } from '../http/header-list.ts';
import * as chars from './chars.ts';
import { ChunkExtensions } from './chunk-extensions.ts';
import { NEED_MORE, REFUSED, type FieldProgress } from './field-section.ts';
import { STRICT, type Leniency } from './leniency.ts';
import { TrailerSection } from './trailer-section.ts';

// Constants of this module are faster than imported ones: see field-section.ts.
const { CR, HEX, HT, LF, SEMICOLON, SP } = chars;

/** 13 hexadecimal digits reach 2^52: every size below stays exact. Zeros in front count. */
const SIZE_DIGITS = 13;
/** Up to here a chunk's data is moved byte by byte: a call into native code costs more. */
const SMALL = 32;

/** What comes next. */
const SIZE_START = 0;
const SIZE = 1;
const EXTENSIONS = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILER_START = 7;
const TRAILER = 8;
const LAST_LF = 9;

/** What the next byte of a chunked body is expected to be. */
export type ChunkPlace = 'size' | 'extension' | 'size-end' | 'data' | 'data-end' | 'trailer' | 'end';

/** The place of each state, in their order. */
const PLACES: readonly ChunkPlace[] = [
  'size',
  'size',
  'extension',
  'size-end',
  'data',
  'data-end',
  'data-end',
  'trailer',
  'trailer',
  'end',
];

/** What `ChunkedDecoder.decode` has come to. */
export type Decoded = 'more' | 'end' | 'refused';

/**
 * Decodes the chunked transfer coding (RFC 9112 §7.1) in place: the data of all the chunks in `bytes[position..end)`
 * is moved together, so that however small the chunks are, one read gives one piece.
 *
 *     bytes   4␍␊Wiki␍␊6␍␊pedia ␍␊…    →    dataStart ─┐        ┌─ dataEnd
 *                                                 Wikipedia edia ␍␊…
 *
 * `more`: all is used up, and good so far. `end`: the body is complete, `position` is the first byte after it.
 * `refused`: `error` says why. Never throws.
 */
export class ChunkedDecoder {
  dataStart = 0;
  dataEnd = 0;
  position = 0;
  error: ErrorCode = 'http1.chunk.malformed-size';
  /** The byte that broke the rule, counted from the body's first, framing included. */
  errorOffset = 0;
  trailers: HeaderList | undefined = undefined;
  readonly #lenient: Leniency;
  #state = SIZE_START;
  /** Bytes of the present chunk that are still to come. */
  #left = 0;
  #digits = 0;
  /** Bytes of the body in earlier reads. */
  #before = 0;
  #extensions: ChunkExtensions | undefined = undefined;
  #trailer: TrailerSection | undefined = undefined;

  constructor(lenient: Leniency = STRICT) {
    this.#lenient = lenient;
  }

  // ---- For who explains a body: where the decoder stands between two calls of `decode`.

  get place(): ChunkPlace {
    return PLACES[this.#state];
  }

  /** Bytes of the present chunk that are still to come. */
  get left(): number {
    return this.#left;
  }

  /** How far the trailer section is understood, in offsets from its first byte. */
  get trailerProgress(): FieldProgress | undefined {
    return this.#trailer?.progress;
  }

  decode(bytes: Buffer, position: number, end: number): Decoded {
    const decoded = this.#decode(bytes, position, end);
    // So far `errorOffset` is a position in this read.
    if (decoded === 'refused') this.errorOffset += this.#before - position;
    else this.#before += this.position - position;
    return decoded;
  }

  #decode(bytes: Buffer, position: number, end: number): Decoded {
    const hex = HEX;
    let p = position;
    let state = this.#state;
    let left = this.#left;
    let dataEnd = position;
    this.dataStart = this.dataEnd = position;
    while (p < end) {
      switch (state) {
        case DATA: {
          const taken = left < end - p ? left : end - p;
          if (dataEnd === this.dataStart) this.dataStart = dataEnd = p;
          else move(bytes, dataEnd, p, taken);
          // What came before a refusal counts too.
          this.dataEnd = dataEnd += taken;
          left -= taken;
          p += taken;
          if (left > 0) break;
          state = DATA_CR;
          if (p === end) break;
        }
        // falls through
        case DATA_CR:
          if (bytes[p] !== CR) return this.#refuse('http1.chunk.malformed-end', p);
          p++;
          state = DATA_LF;
          if (p === end) break;
        // falls through
        case DATA_LF:
          if (bytes[p] !== LF) return this.#refuse('http1.chunk.malformed-end', p);
          p++;
          state = SIZE_START;
          if (p === end) break;
        // falls through
        case SIZE_START:
          if (hex[bytes[p]] === 255) return this.#refuse('http1.chunk.malformed-size', p);
          left = 0;
          this.#digits = 0;
          state = SIZE;
        // falls through
        case SIZE:
          for (; p < end && hex[bytes[p]] !== 255; p++) {
            if (++this.#digits > SIZE_DIGITS) return this.#refuse('http1.chunk.size-overflow', p);
            left = left * 16 + hex[bytes[p]];
          }
          if (p === end) break;
          if (bytes[p] !== CR) {
            if (!startsExtension(bytes[p])) return this.#refuse(wrongSizeByte(bytes[p]), p);
            state = EXTENSIONS;
            break;
          }
          p++;
          state = SIZE_LF;
          if (p === end) break;
        // falls through
        case SIZE_LF:
          if (bytes[p] !== LF) return this.#refuse('http1.line.bare-cr', p - 1);
          p++;
          state = left === 0 ? TRAILER_START : DATA;
          break;
        case EXTENSIONS: {
          const extensions = (this.#extensions ??= new ChunkExtensions(this.#lenient));
          const after = extensions.parse(bytes, p, end);
          if (after === REFUSED) return this.#refuse(extensions.error, extensions.errorPosition);
          if (after !== NEED_MORE) state = SIZE_LF;
          p = after === NEED_MORE ? end : after + 1;
          break;
        }
        case TRAILER_START:
          state = bytes[p] === CR ? LAST_LF : TRAILER;
          if (state === LAST_LF) p++;
          break;
        case TRAILER: {
          const trailer = (this.#trailer ??= new TrailerSection());
          const after = trailer.parse(bytes, p, end);
          if (after === REFUSED) return this.#refuse(trailer.error, trailer.errorPosition);
          if (after === NEED_MORE) {
            p = end;
            break;
          }
          this.trailers = trailer.takeFields();
          return this.#end(after);
        }
        default: // LAST_LF
          if (bytes[p] !== LF) return this.#refuse('http1.trailer.malformed', p - 1);
          return this.#end(p + 1);
      }
    }
    this.#state = state;
    this.#left = left;
    this.position = p;
    return 'more';
  }

  #end(position: number): 'end' {
    this.position = position;
    return 'end';
  }

  #refuse(error: ErrorCode, position: number): 'refused' {
    this.error = error;
    this.errorOffset = position;
    return 'refused';
  }
}

function move(bytes: Buffer, to: number, from: number, count: number): void {
  if (count > SMALL) bytes.copyWithin(to, from, from + count);
  else for (let i = 0; i < count; i++) bytes[to + i] = bytes[from + i];
}

function startsExtension(byte: number): boolean {
  return byte === SEMICOLON || byte === SP || byte === HT;
}

function wrongSizeByte(byte: number): ErrorCode {
  return byte === LF ? 'http1.line.bare-lf' : 'http1.chunk.malformed-size';
}
