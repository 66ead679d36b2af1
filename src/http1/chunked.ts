import type { ErrorCode } from '../core/errors.ts';
import { HeaderList } from '../http/header-list.ts';
import { CR, HEX, HT, LF, QUOTE, SEMICOLON, SP } from './chars.ts';
import { FieldSection, NEED_MORE, REFUSED } from './field-section.ts';

/** Bytes of chunk extensions that one body may carry in all; nobody uses them, only attackers (RFC 9112 §7.1.1). */
const EXTENSION_LIMIT = 4096;
/** Bytes of a trailer section. */
const TRAILER_LIMIT = 8192;
const TRAILER_FIELDS = 64;
/** 13 hexadecimal digits reach 2^52: every size below stays exact. */
const SIZE_DIGITS = 13;

type State =
  | 'size-start'
  | 'size'
  | 'blank'
  | 'extension'
  | 'quoted'
  | 'quoted-pair'
  | 'size-end'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer';

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
  #state: State = 'size-start';
  /** Bytes of the present chunk that are still to come. */
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;
  /** Bytes of the trailer section so far: it is kept whole, since its spans point into it. */
  #trailer = '';
  /** Bytes of the body in earlier reads. */
  #before = 0;

  decode(bytes: Buffer, position: number, end: number): Decoded {
    const decoded = this.#decode(bytes, position, end);
    // So far `errorOffset` counts from where this read began.
    if (decoded === 'refused') this.errorOffset += this.#before;
    else this.#before += this.position - position;
    return decoded;
  }

  #decode(bytes: Buffer, position: number, end: number): Decoded {
    this.dataStart = this.dataEnd = position;
    let p = position;
    let first = true;
    while (p < end) {
      const byte = bytes[p];
      switch (this.#state) {
        case 'data': {
          const taken = Math.min(this.#left, end - p);
          if (first) this.dataStart = this.dataEnd = p;
          else bytes.copyWithin(this.dataEnd, p, p + taken);
          first = false;
          this.dataEnd += taken;
          this.#left -= taken;
          p += taken;
          if (this.#left === 0) this.#state = 'data-cr';
          continue;
        }
        case 'trailer':
          return this.#decodeTrailer(bytes, p, end, p - position);
        case 'size-start':
          this.#left = 0;
          this.#digits = 0;
          if (HEX[byte] === 255) return this.#refuse('http1.chunk.malformed-size', p - position);
          this.#state = 'size';
          continue;
        case 'size':
          if (HEX[byte] !== 255) {
            if (++this.#digits > SIZE_DIGITS) return this.#refuse('http1.chunk.size-overflow', p - position);
            this.#left = this.#left * 16 + HEX[byte];
          } else if (byte === CR) this.#state = 'size-end';
          else if (byte === SEMICOLON) this.#state = 'extension';
          else if (byte === SP || byte === HT) this.#state = 'blank';
          else
            return this.#refuse(
              byte === LF ? 'http1.line.bare-lf' : 'http1.chunk.malformed-size',
              p - position,
            );
          break;
        case 'blank':
          // White space may stand before an extension, or fill the line up; another size behind it is no such thing.
          if (byte === CR) this.#state = 'size-end';
          else if (byte === SEMICOLON) this.#state = 'extension';
          else if ((byte !== SP && byte !== HT) || !this.#extensionByteFits(byte))
            return this.#refuse('http1.chunk.malformed-extension', p - position);
          break;
        case 'extension':
          if (byte === CR) this.#state = 'size-end';
          else if (byte === QUOTE) this.#state = 'quoted';
          if (!this.#extensionByteFits(byte))
            return this.#refuse('http1.chunk.malformed-extension', p - position);
          break;
        case 'quoted':
          if (byte === QUOTE) this.#state = 'extension';
          else if (byte === 0x5c) this.#state = 'quoted-pair';
          if (byte === CR || !this.#extensionByteFits(byte))
            return this.#refuse('http1.chunk.malformed-extension', p - position);
          break;
        case 'quoted-pair':
          this.#state = 'quoted';
          if (byte === CR || !this.#extensionByteFits(byte))
            return this.#refuse('http1.chunk.malformed-extension', p - position);
          break;
        case 'size-end':
          if (byte !== LF) return this.#refuse('http1.line.bare-cr', p - position - 1);
          this.#state = this.#left === 0 ? 'trailer' : 'data';
          break;
        case 'data-cr':
          if (byte !== CR) return this.#refuse('http1.chunk.malformed-end', p - position);
          this.#state = 'data-lf';
          break;
        case 'data-lf':
          if (byte !== LF) return this.#refuse('http1.chunk.malformed-end', p - position);
          this.#state = 'size-start';
          break;
      }
      p++;
    }
    this.position = p;
    return 'more';
  }

  #extensionByteFits(byte: number): boolean {
    return (
      ++this.#extensionBytes <= EXTENSION_LIMIT &&
      (byte >= 0x20 || byte === HT || byte === CR) &&
      byte !== 0x7f
    );
  }

  /** The section is short or absent: it is gathered, then parsed as one piece. */
  #decodeTrailer(bytes: Buffer, from: number, end: number, offset: number): Decoded {
    const before = this.#trailer.length;
    const room = TRAILER_LIMIT + 1 - before;
    this.#trailer += bytes.toString('latin1', from, Math.min(end, from + room));
    const section = Buffer.from(this.#trailer, 'latin1');
    const fields = new FieldSection(TRAILER_FIELDS);
    const after = fields.parse(section, 0, 0, section.length);
    if (after === REFUSED)
      return this.#refuse('http1.trailer.malformed', offset - before + fields.errorOffset);
    if (after === NEED_MORE) {
      if (section.length > TRAILER_LIMIT)
        return this.#refuse('http1.trailer.too-large', offset - before + TRAILER_LIMIT);
      this.position = end;
      return 'more';
    }
    const spans = fields.takeSpans();
    if (spans.length > 0) this.trailers = new HeaderList(this.#trailer, spans);
    this.position = from + after - before;
    return 'end';
  }

  #refuse(error: ErrorCode, offset: number): 'refused' {
    this.error = error;
    this.errorOffset = offset;
    return 'refused';
  }
}
