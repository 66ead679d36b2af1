import type { DreamError } from '../core/errors.ts';
import type { BodySink, BodySource } from './body.ts';
import type { ReadonlyHeaderList } from './header-list.ts';

/** A body that is another one on its way: it hears that one as its sink, and is what the sink at the end hears. */
export abstract class RelayedBody implements BodySource, BodySink {
  protected readonly source: BodySource;
  /** Who it is for, once that one has asked for it: none of its calls comes earlier. */
  protected sink!: BodySink;

  constructor(source: BodySource) {
    this.source = source;
  }

  get length(): number | undefined {
    return this.source.length;
  }

  get trailers(): ReadonlyHeaderList | undefined {
    return this.source.trailers;
  }

  flow(sink: BodySink): void {
    this.sink = sink;
    this.source.flow(this);
  }

  resume(): void {
    this.source.resume();
  }

  cancel(): void {
    this.source.cancel();
  }

  abstract data(chunk: Buffer): boolean;

  abstract end(): void;

  fail(error: DreamError): void {
    this.sink.fail(error);
  }
}
