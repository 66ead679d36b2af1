import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { JoinedBody, type Piece } from './joined-body.ts';
import { type ByteRange, contentRange } from './range.ts';

/**
 * A body of type `multipart/byteranges` (RFC 9110 §14.6), all of it but the bytes of the ranges themselves. Its length is
 * known before the first of them is read.
 *
 *     --BOUNDARY                            ← with a line break before it, but for the first
 *     Content-Type: text/plain
 *     Content-Range: bytes 0-9/1000
 *
 *     0123456789
 *     --BOUNDARY--
 */
export class MultipartByteranges {
  /** Of the whole; each part has that of the representation. */
  readonly contentType: string;
  /** Of the body, in bytes. */
  readonly length: number;
  readonly ranges: readonly ByteRange[];
  /** What stands before each part, and what behind the last. */
  readonly #delimiters: readonly Buffer[];

  /** Two or more ranges of a representation of `size` bytes. */
  constructor(ranges: readonly ByteRange[], mediaType: string, size: number) {
    // Nobody who writes the bytes of the parts can know it beforehand, so that it does not occur there (RFC 2046 §5.1.1).
    const boundary = randomBytes(16).toString('hex');
    const before = ranges.map((range) => partHead(boundary, mediaType, range, size));
    before[0] = before[0].slice(2);
    this.contentType = `multipart/byteranges; boundary=${boundary}`;
    this.ranges = ranges;
    this.#delimiters = [...before, `\r\n--${boundary}--\r\n`].map((text) => Buffer.from(text, 'latin1'));
    const framing = this.#delimiters.reduce((sum, { length }) => sum + length, 0);
    this.length = ranges.reduce((sum, { first, last }) => sum + last - first + 1, framing);
  }

  /** How many bytes another part costs at the most, besides its own. */
  static overhead(mediaType: string, size: number): number {
    return partHead('0'.repeat(32), mediaType, { first: size, last: size }, size).length;
  }

  /** The body, given the bytes of each range in their order. */
  body(parts: readonly Piece[]): JoinedBody {
    const delimiters = this.#delimiters;
    const pieces = parts.flatMap((part, i) => [delimiters[i], part]);
    return new JoinedBody([...pieces, ...delimiters.slice(parts.length)]);
  }
}

function partHead(boundary: string, mediaType: string, range: ByteRange, size: number): string {
  return `\r\n--${boundary}\r\nContent-Type: ${mediaType}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`;
}
