import { Buffer } from 'node:buffer';
import { latin1 } from '../core/latin1.ts';
import type { ErrorCode } from '../core/errors.ts';
import { HeaderList } from '../http/header-list.ts';
import { FieldSection, NEED_MORE, REFUSED, type FieldProgress } from './field-section.ts';

/** Bytes of a trailer section. */
const SIZE_LIMIT = 8192;
const MOST_FIELDS = 64;

/**
 * The fields after the last chunk (RFC 9112 §7.1.2). They are gathered, since the list that is made of them points into
 * their text; each byte is copied once and parsed once, however small the pieces are.
 *
 * `parse` answers the position after the section's empty line, NEED_MORE (all is used up) or REFUSED; then
 * `errorPosition` is the byte that broke the rule, which may have come before `position`.
 */
export class TrailerSection {
  error: ErrorCode = 'http1.trailer.malformed';
  errorPosition = 0;
  #bytes: Buffer = Buffer.allocUnsafe(256);
  #length = 0;
  readonly #fields = new FieldSection(MOST_FIELDS);

  parse(bytes: Buffer, position: number, end: number): number {
    const before = this.#length;
    this.#append(bytes, position, Math.min(end, position + SIZE_LIMIT - before));
    const fields = this.#fields;
    const after = fields.parse(this.#bytes, 0, before, this.#length);
    if (after === REFUSED) {
      const tooMany = fields.error === 'http1.head.too-many-fields';
      this.error = tooMany ? 'http1.trailer.too-large' : 'http1.trailer.malformed';
      this.errorPosition = position - before + fields.errorOffset;
      return REFUSED;
    }
    if (after !== NEED_MORE) {
      this.#length = after;
      return position + after - before;
    }
    this.errorPosition = position + this.#length - before;
    if (this.errorPosition === end) return NEED_MORE;
    this.error = 'http1.trailer.too-large';
    return REFUSED;
  }

  /** The fields, once the section is complete. */
  takeFields(): HeaderList {
    return new HeaderList(latin1(this.#bytes, 0, this.#length), this.#fields.takeSpans());
  }

  /** After NEED_MORE, in offsets from the section's first byte. */
  get progress(): FieldProgress {
    return this.#fields.progress;
  }

  #append(bytes: Buffer, from: number, to: number): void {
    const length = this.#length + to - from;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(Math.max(2 * this.#bytes.length, length), SIZE_LIMIT));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    bytes.copy(this.#bytes, this.#length, from, to);
    this.#length = length;
  }
}
