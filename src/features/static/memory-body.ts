import type { BodySink, BodySource } from '../../http/body.ts';

/**
 * Up to this many bytes leave in one piece, and larger bodies in pieces of this size. Large pieces cost less: the system
 * is asked less often. But a piece counts as sent when the client has taken all of it, so that too large a one would
 * make a slow client look like one that has stopped.
 */
export const LARGEST_PIECE = 2 ** 20;

/** Bytes in memory as a body that comes in pieces. They are not copied: clients who read the same file share them. */
export class MemoryBody implements BodySource {
  readonly length: number;
  readonly trailers = undefined;
  readonly #bytes: Buffer;
  #position = 0;
  #sink: BodySink | undefined = undefined;
  #cancelled = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  flow(sink: BodySink): void {
    if (this.#cancelled) return;
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    let takes = true;
    while (takes && this.#sink !== undefined) {
      const start = this.#position;
      if (start >= this.length) {
        const sink = this.#sink;
        this.#sink = undefined;
        sink.end();
        return;
      }
      this.#position = start + LARGEST_PIECE;
      takes = this.#sink.data(this.#bytes.subarray(start, this.#position));
    }
  }

  cancel(): void {
    this.#sink = undefined;
    this.#cancelled = true;
  }
}
