import { Buffer } from 'node:buffer';
import type { BodySink, BodySource } from '../../http/body.ts';

/** The body of an answer of events (text/event-stream), which ends when the server or the client does. */
export class EventStream implements BodySource {
  readonly length = undefined;
  readonly trailers = undefined;
  readonly #first: string;
  readonly #gone: (stream: EventStream) => void;
  #sink: BodySink | undefined = undefined;
  #isFull = false;
  /** What came while the client took nothing; of several events the last. */
  #kept: string | undefined = undefined;
  #hasEnded = false;

  /** `first` is sent at once; `gone` is called when the stream has ended, whoever ended it. */
  constructor(first: string, gone: (stream: EventStream) => void) {
    this.#first = first;
    this.#gone = gone;
  }

  send(event: string): void {
    if (this.#sink === undefined || this.#isFull) this.#kept = event;
    else this.#isFull = !this.#sink.data(Buffer.from(event));
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#finish();
    this.#sink?.end();
  }

  flow(sink: BodySink): void {
    if (this.#hasEnded) {
      sink.end();
      return;
    }
    this.#sink = sink;
    this.#isFull = !sink.data(Buffer.from(this.#first));
    if (!this.#isFull) this.resume();
  }

  resume(): void {
    this.#isFull = false;
    const event = this.#kept;
    this.#kept = undefined;
    if (event !== undefined && !this.#hasEnded) this.send(event);
  }

  cancel(): void {
    if (!this.#hasEnded) this.#finish();
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#gone(this);
  }
}
