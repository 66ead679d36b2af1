import { Buffer } from 'node:buffer';
import type { Body, BodySource } from '../../http/body.ts';
import { RelayedBody } from '../../http/relayed-body.ts';

const ENDS = ['</body', '</BODY'];

/** An HTML document with a script in it: at the end of its body, or, while its bytes come, behind everything. */
export function withScript(document: Buffer | BodySource, script: Buffer): Body {
  if (!Buffer.isBuffer(document)) return new Lengthened(document, script);
  const end = Math.max(...ENDS.map((tag) => document.lastIndexOf(tag)));
  if (end === -1) return Buffer.concat([document, script]);
  return Buffer.concat([document.subarray(0, end), script, document.subarray(end)]);
}

/** A body with some bytes more at its end. */
class Lengthened extends RelayedBody {
  readonly #more: Buffer;
  /** All of it has been sent, and what comes last is still with the sink. */
  #isAtEnd = false;
  #isCancelled = false;

  constructor(source: BodySource, more: Buffer) {
    super(source);
    this.#more = more;
  }

  override get length(): number | undefined {
    const { length } = this.source;
    return length === undefined ? undefined : length + this.#more.length;
  }

  override resume(): void {
    if (this.#isAtEnd) this.sink.end();
    else super.resume();
  }

  override cancel(): void {
    this.#isCancelled = true;
    super.cancel();
  }

  data(chunk: Buffer): boolean {
    return this.sink.data(chunk);
  }

  end(): void {
    this.#isAtEnd = true;
    if (this.sink.data(this.#more) && !this.#isCancelled) this.sink.end();
  }
}
