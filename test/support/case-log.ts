import type { BodySink, BodySource } from '../../src/http/body.ts';
import type { DreamError } from '../../src/core/errors.ts';
import type { ReadonlyHeaderList } from '../../src/http/header-list.ts';
import { CHUNKED, UNTIL_CLOSE, type Framing } from '../../src/http1/framing.ts';
import { writeBytes } from './wire-notation.ts';

/**
 * Who reads bodies: `slow` has no room for more after each piece, looks at it only later, and answers later; `none` answers
 * without a look at the body (of a request; answers are always read).
 */
export type ReaderKind = 'ready' | 'slow' | 'none';

/** How the bytes of a case arrive, and how they are taken. */
export interface Delivery {
  readonly pieces: readonly Buffer[];
  /** Behind them the sender says that no more will come. */
  readonly ends: boolean;
  readonly reader: ReaderKind;
}

/** What a connection tells, as the lines that a case expects: a word, and what there is to say. */
export class CaseLog {
  readonly lines: string[] = [];

  add(event: string, text = ''): void {
    this.lines.push(`${event.padEnd(9)} ${text}`.trimEnd());
  }

  fields(event: 'field' | 'trailer', list: ReadonlyHeaderList | undefined): void {
    for (const [name, value] of list ?? []) this.add(event, `${name}: ${writeBytes(value)}`);
  }

  framing(framing: Framing): void {
    if (framing === CHUNKED) this.add('framing', 'chunked');
    else if (framing === UNTIL_CLOSE) this.add('framing', 'until the connection ends');
    else if (framing === 0) this.add('framing', 'no body');
    else this.add('framing', framing === 1 ? '1 byte' : `${framing} bytes`);
  }
}

/** Reads a body to its end. */
export class CaseReader implements BodySink {
  readonly #source: BodySource;
  readonly #slow: boolean;
  readonly #over: (error: DreamError | undefined) => void;
  #text = '';
  /** The piece that there was no room for. */
  #held: Buffer | undefined = undefined;
  #ended = false;

  /** `over` is called when the body is read, or has broken off. */
  constructor(source: BodySource, slow: boolean, over: (error: DreamError | undefined) => void) {
    this.#source = source;
    this.#slow = slow;
    this.#over = over;
  }

  start(): void {
    this.#source.flow(this);
  }

  /** A slow reader looks at what it was handed, and has room again. False: there was nothing. */
  catchUp(): boolean {
    const held = this.#held;
    if (held === undefined && !this.#ended) return false;
    this.#held = undefined;
    if (held !== undefined) this.#text += held.toString('latin1');
    if (this.#ended) this.#finish(undefined);
    else this.#source.resume();
    return true;
  }

  data(chunk: Buffer): boolean {
    if (this.#held !== undefined) throw new Error('a piece came for which there was no room');
    if (this.#slow) this.#held = chunk;
    else this.#text += chunk.toString('latin1');
    return !this.#slow;
  }

  end(): void {
    this.#ended = true;
    if (!this.#slow) this.#finish(undefined);
  }

  fail(error: DreamError): void {
    this.#held = undefined;
    this.#finish(error);
  }

  #finish(error: DreamError | undefined): void {
    this.#ended = false;
    this.#over(error);
  }

  /** What was read, and that it is over. */
  tell(log: CaseLog): void {
    if (this.#text !== '') log.add('body', writeBytes(this.#text));
    log.fields('trailer', this.#source.trailers);
    log.add('end');
  }
}
