import type { BodySink, BodySource } from '../../src/http/body.ts';
import type { HeaderList } from '../../src/http/header-list.ts';

/** A body that flows, ends or breaks when the test says so. */
export class Tap implements BodySource {
  readonly length: number | undefined;
  trailers: HeaderList | undefined = undefined;
  /** Settles when nobody wants the rest. */
  readonly cancelled: Promise<void>;
  sink: BodySink | undefined = undefined;
  cancel: () => void;
  #resumed = (): void => {};

  constructor(length?: number) {
    this.length = length;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.cancelled = promise;
    this.cancel = resolve;
  }

  flow(sink: BodySink): void {
    this.sink = sink;
  }

  resume(): void {
    this.#resumed();
  }

  /** Push a piece, and wait until the sink has room for another. The piece is lent: it is blotted out afterwards. */
  async push(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resumed = resolve;
    const piece = Buffer.from(text);
    const taken = this.sink?.data(piece);
    if (taken !== true) await promise;
    piece.fill('-');
  }
}
