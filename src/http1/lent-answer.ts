import { Buffer } from 'node:buffer';
import { writePieces } from '../core/latin1.ts';
import type { HeadPieces } from '../http/body.ts';
import { roomBefore } from '../core/read-buffer.ts';
import type { ConnectionInput } from './connection-input.ts';
import type { IncomingBody } from './incoming-body.ts';
import { oneChunkIn } from './one-chunk.ts';

const NOTHING = Buffer.alloc(0);

/**
 * An answer whose body has come whole with its head, lent in one piece behind another head: that is written over the one that
 * came, and into the room before it. As text the body would be copied three times: into the text, behind the head, and for
 * the system.
 */
export class LentAnswer {
  /** It is lent, and the exchange is not over yet. */
  pending = false;
  /** The last one, and where it lies: answers that are alike lie in the same place. */
  #message: Buffer = NOTHING;
  #bytes: Buffer = NOTHING;
  #begin = 0;
  #end = 0;

  /**
   * The head, which comes in pieces, and all that is to be read of `input`, which is then read. Undefined: that is not the
   * body and nothing else, or there is no room. A body in chunks keeps its framing, and is told its length.
   */
  lend(head: HeadPieces, input: ConnectionInput, body: IncomingBody): Buffer | undefined {
    const { busy, bytes, position, end } = input;
    // Afterwards what is left lies in other memory, and may move.
    if (!busy) return undefined;
    const length = body.length ?? oneChunkIn(bytes, position, end);
    if (length === -1 || (body.length !== undefined && end - position !== length)) return undefined;
    // What stood before the body are heads of this exchange, which are texts by now: nobody has been lent them.
    let begin = position;
    for (const piece of head) begin -= piece.length;
    if (begin + roomBefore(bytes) < 0) return undefined;
    const message = this.#place(bytes, begin, end);
    writePieces(message, head, 0);
    input.position = end;
    if (body.length === undefined) body.lentLength = length;
    this.pending = true;
    return message;
  }

  /** The exchange is over. `kept`: somebody has the answer still, so that the next one cannot lie there. */
  settle(kept: boolean): void {
    this.pending = false;
    if (kept) this.#message = this.#bytes = NOTHING;
  }

  #place(bytes: Buffer, begin: number, end: number): Buffer {
    if (bytes === this.#bytes && begin === this.#begin && end === this.#end) return this.#message;
    this.#message = Buffer.from(bytes.buffer, bytes.byteOffset + begin, end - begin);
    this.#bytes = bytes;
    this.#begin = begin;
    this.#end = end;
    return this.#message;
  }
}
