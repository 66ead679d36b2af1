import type { BodySink, BodySource } from './body.ts';
import type { ReadonlyHeaderList } from './header-list.ts';

/** A body that is in memory, all of it. */
export class WholeBody implements BodySource {
  readonly replayable = true;
  readonly length: number;
  readonly trailers: ReadonlyHeaderList | undefined;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, trailers?: ReadonlyHeaderList) {
    this.#bytes = bytes;
    this.length = bytes.length;
    this.trailers = trailers;
  }

  flow(sink: BodySink): void {
    if (this.length > 0) sink.data(this.#bytes);
    sink.end();
  }

  resume(): void {}

  cancel(): void {}
}
