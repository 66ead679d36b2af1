import type { DreamError } from '../../core/errors.ts';
import type { Body, BodySink, BodySource } from '../../http/body.ts';
import type { ReadonlyHeaderList } from '../../http/header-list.ts';

const ENDS = ['</body', '</BODY'];

/** An HTML document with a script in it: at the end of its body, or, while its bytes come, behind everything. */
export function withScript(document: Buffer | BodySource, script: Buffer): Body {
  if (!Buffer.isBuffer(document)) return new Lengthened(document, script);
  const end = Math.max(...ENDS.map((tag) => document.lastIndexOf(tag)));
  if (end === -1) return Buffer.concat([document, script]);
  return Buffer.concat([document.subarray(0, end), script, document.subarray(end)]);
}

/** A body with some bytes more at its end. */
class Lengthened implements BodySource, BodySink {
  readonly #source: BodySource;
  readonly #more: Buffer;
  #sink: BodySink | undefined = undefined;
  /** All of it has been sent, and what comes last is still with the sink. */
  #isAtEnd = false;

  constructor(source: BodySource, more: Buffer) {
    this.#source = source;
    this.#more = more;
  }

  get length(): number | undefined {
    const { length } = this.#source;
    return length === undefined ? undefined : length + this.#more.length;
  }

  get trailers(): ReadonlyHeaderList | undefined {
    return this.#source.trailers;
  }

  flow(sink: BodySink): void {
    this.#sink = sink;
    this.#source.flow(this);
  }

  resume(): void {
    if (this.#isAtEnd) this.#sink?.end();
    else this.#source.resume();
  }

  cancel(): void {
    this.#source.cancel();
    this.#sink = undefined;
  }

  data(chunk: Buffer): boolean {
    return this.#sink?.data(chunk) ?? true;
  }

  end(): void {
    this.#isAtEnd = true;
    if (this.#sink?.data(this.#more) === true) this.#sink.end();
  }

  fail(error: DreamError): void {
    this.#sink?.fail(error);
  }
}
