import type { ErrorCode } from '../core/errors.ts';
import type { ResponseHead } from '../http/head.ts';
import { type Framing, UNTIL_CLOSE, endIsDoubtful, responseFraming, wantsKeepAlive } from './framing.ts';
import type { Leniency } from './leniency.ts';

/** How an answer's body is delimited, and what becomes of its connection. A head that comes again is judged once. */
export class ResponseFraming {
  /** The connection can be kept, for all that the head says. */
  keepAlive = true;
  readonly #lenient: Leniency;
  #head: ResponseHead | undefined = undefined;
  #method = '';
  #framing: Framing = 0;

  constructor(lenient: Leniency) {
    this.#lenient = lenient;
  }

  /** The verdict on a final answer to `method`; `seen`: the parser's bits. */
  judge(head: ResponseHead, method: string, seen: number): Framing | ErrorCode {
    if (head === this.#head && method === this.#method) return this.#framing;
    this.#head = undefined;
    const { status, version, headers } = head;
    const lenient = this.#lenient;
    const framing = responseFraming(method, status, version, headers, seen, lenient);
    if (typeof framing === 'string') return framing;
    this.#head = head;
    this.#method = method;
    this.#framing = framing;
    this.keepAlive =
      framing !== UNTIL_CLOSE &&
      wantsKeepAlive(version, headers, seen) &&
      !endIsDoubtful(method, status, version, headers, seen, lenient);
    return framing;
  }
}
