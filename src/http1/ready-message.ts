import { httpDateNow } from '../core/clock.ts';

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const DATE_LENGTH = 29;
/** A UUID. */
const ID_LENGTH = 36;
const DATE = 'Date: ';
const ID = '\r\nX-Request-Id: ';

/** What Node's buffers have and the type definitions leave out: `write` without its checks of encoding and range. */
interface LatinWritten {
  latin1Write(text: string, offset: number, length: number): number;
}

/**
 * An answer that is sent many times, as the bytes that go out: head and body in one piece, in which the date and the
 * request's id are written over. As text both would be copied twice for each answer, by V8 and by Node.
 */
export class ReadyMessage {
  readonly #bytes: Buffer;
  readonly #dateAt: number;
  readonly #idAt: number;
  #date = '';

  /** `fixed`: the part of the head that does not depend on the request. */
  constructor(fixed: string, body: Buffer) {
    const blank = `${fixed}${DATE}${' '.repeat(DATE_LENGTH)}${ID}${' '.repeat(ID_LENGTH)}\r\n\r\n`;
    this.#dateAt = fixed.length + DATE.length;
    this.#idAt = this.#dateAt + DATE_LENGTH + ID.length;
    this.#bytes = Buffer.allocUnsafe(blank.length + body.length);
    this.#bytes.write(blank, 0, 'latin1');
    body.copy(this.#bytes, blank.length);
  }

  /**
   * The answer to the request of that id, to a client of HTTP/1.1 whose connection is kept; until the next call. Undefined
   * for an id that does not fit.
   */
  bytesFor(id: string): Buffer | undefined {
    if (id.length !== ID_LENGTH) return undefined;
    const bytes = this.#bytes as unknown as LatinWritten;
    const date = httpDateNow();
    if (date !== this.#date) {
      this.#date = date;
      bytes.latin1Write(date, this.#dateAt, DATE_LENGTH);
    }
    bytes.latin1Write(id, this.#idAt, ID_LENGTH);
    return this.#bytes;
  }
}
