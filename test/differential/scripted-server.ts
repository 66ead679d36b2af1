import type { MemoryTransport, Steps } from '../support/memory-transport.ts';
import type { MemoryServer } from '../support/memory-upstream.ts';
import { parseRawRequest } from '../support/parse-raw-request.ts';

/** The part of a script that was sent in answer to one request. */
export interface Answered {
  readonly method: string;
  /** Number of the connection, from 0. */
  readonly connection: number;
  readonly start: number;
  end: number;
}

/**
 * What servers send, piece by piece, whatever they are asked: each piece goes to the connection whose request is the
 * latest, when all that came of the piece before has come to rest. Who has read an answer to its end sends the next
 * request; so pieces of one byte find out where an answer ends for its reader. Behind the last piece the server ends
 * the connection.
 */
export class Script {
  /** The requests so far, in their order. */
  readonly answered: Answered[] = [];
  readonly #steps: Steps;
  readonly #pieces: readonly Buffer[];
  #next = 0;
  #at = 0;
  #transport: MemoryTransport | undefined = undefined;
  #connections = 0;

  constructor(steps: Steps, pieces: readonly Buffer[]) {
    this.#steps = steps;
    this.#pieces = pieces;
  }

  /** The server of another connection. */
  connect(): MemoryServer {
    const connection = this.#connections++;
    let transport: MemoryTransport | undefined;
    let received = Buffer.alloc(0);
    return {
      connected: (made) => {
        transport = made;
      },
      received: (bytes) => {
        received = Buffer.concat([received, bytes]);
        const request = parseRawRequest(received);
        if (request === undefined || !request.complete) return;
        received = received.subarray(request.consumed);
        this.answered.push({ method: request.method, connection, start: this.#at, end: this.#at });
        this.#transport = transport;
        this.#steps.whenIdle(() => this.#play(this.answered.length));
      },
      ended: () => {},
    };
  }

  /** `turn`: the number of requests when this was asked for; another one plays on by itself. */
  #play(turn: number): void {
    const transport = this.#transport;
    if (turn !== this.answered.length || transport === undefined || transport.closed !== undefined) return;
    const piece = this.#pieces.at(this.#next);
    if (piece === undefined) {
      transport.deliverEnd();
      return;
    }
    this.#next++;
    this.#at += piece.length;
    this.answered[turn - 1].end = this.#at;
    transport.deliver(piece);
    this.#steps.whenIdle(() => this.#play(turn));
  }
}
