import type { ErrorCode } from '../core/errors.ts';
import type { HeaderList } from '../http/header-list.ts';
import { ChunkedDecoder } from './chunked.ts';
import type { Decoded } from './chunked.ts';
import { CHUNKED, UNTIL_CLOSE } from './framing.ts';
import type { Framing } from './framing.ts';
import { STRICT, type Leniency } from './leniency.ts';

/**
 * Finds a body's bytes in what a connection reads, whatever delimits it. After `decode`, the bytes of this read are
 * `bytes[dataStart..dataEnd)`, and `position` is where reading goes on.
 */
export class BodyDecoder {
  dataStart = 0;
  dataEnd = 0;
  position = 0;
  error: ErrorCode = 'http1.chunk.malformed-size';
  /** The byte that broke the rule, counted from the body's first, framing included. */
  errorOffset = 0;
  /** Bytes of the body so far, without framing. */
  received = 0;
  readonly #chunked: ChunkedDecoder | undefined;
  /** Bytes still to come; Infinity until the connection closes. */
  #left: number;

  constructor(framing: Framing, lenient: Leniency = STRICT) {
    this.#chunked = framing === CHUNKED ? new ChunkedDecoder(lenient) : undefined;
    this.#left = framing === UNTIL_CLOSE ? Infinity : framing;
  }

  /** The trailer section, after the end. */
  get trailers(): HeaderList | undefined {
    return this.#chunked?.trailers;
  }

  /** `more`: all is used up and the body goes on. `end`: it is complete. `refused`: `error` and `errorOffset` say why. */
  decode(bytes: Buffer, position: number, end: number): Decoded {
    const chunked = this.#chunked;
    if (chunked === undefined) {
      const taken = Math.min(this.#left, end - position);
      this.dataStart = position;
      this.dataEnd = this.position = position + taken;
      this.received += taken;
      this.#left -= taken;
      return this.#left === 0 ? 'end' : 'more';
    }
    const decoded = chunked.decode(bytes, position, end);
    this.dataStart = chunked.dataStart;
    this.dataEnd = chunked.dataEnd;
    this.position = chunked.position;
    this.received += chunked.dataEnd - chunked.dataStart;
    if (decoded === 'refused') {
      this.error = chunked.error;
      this.errorOffset = chunked.errorOffset;
    }
    return decoded;
  }

  /** Whether it comes in chunks. */
  get isChunked(): boolean {
    return this.#chunked !== undefined;
  }

  /** What the end of the connection means here: the body's end, or that it is cut short. */
  endsWithConnection(): boolean {
    return this.#left === Infinity;
  }
}
