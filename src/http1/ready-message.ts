import { Buffer } from 'node:buffer';
import { httpDateNow } from '../core/clock.ts';
import { writeLatin1 } from '../core/latin1.ts';
import { writeRequestId } from '../core/request-id.ts';

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const DATE_LENGTH = 29;
/** A UUID. */
const ID_LENGTH = 36;
const DATE = 'Date: ';
const ID = '\r\nX-Request-Id: ';

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
  constructor(fixed: string, body: Buffer | null) {
    const blank = `${fixed}${DATE}${' '.repeat(DATE_LENGTH)}${ID}${' '.repeat(ID_LENGTH)}\r\n\r\n`;
    this.#dateAt = fixed.length + DATE.length;
    this.#idAt = this.#dateAt + DATE_LENGTH + ID.length;
    this.#bytes = Buffer.allocUnsafeSlow(blank.length + (body?.length ?? 0));
    this.#bytes.write(blank, 0, 'latin1');
    body?.copy(this.#bytes, blank.length);
  }

  /**
   * The answer to the request of that id, to a client of HTTP/1.1 whose connection is kept; until the next call. Undefined
   * for an id that does not fit.
   */
  bytesFor(id: string): Buffer | undefined {
    if (id.length !== ID_LENGTH) return undefined;
    const date = httpDateNow();
    if (date !== this.#date) {
      this.#date = date;
      writeLatin1(this.#bytes, date, this.#dateAt);
    }
    writeRequestId(this.#bytes, id, this.#idAt);
    return this.#bytes;
  }
}
