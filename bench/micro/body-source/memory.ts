/** A body that is in memory already, relayed to a destination that takes everything: what the shape itself costs. */
import { relayIterator, relayPull, relayPush } from './styles.ts';
import type { Destination, IterableSource, PullSource, PushSink, PushSource, Style } from './styles.ts';

class PushMemory implements PushSource {
  private readonly chunks: readonly Buffer[];
  private sink: PushSink | undefined;
  private next = 0;
  constructor(chunks: readonly Buffer[]) {
    this.chunks = chunks;
  }
  flow(sink: PushSink): void {
    this.sink = sink;
    this.resume();
  }
  resume(): void {
    const sink = this.sink!;
    while (this.next < this.chunks.length) if (!sink.data(this.chunks[this.next++])) return;
    sink.end();
  }
}

class PullMemory implements PullSource {
  private readonly chunks: readonly Buffer[];
  private next = 0;
  constructor(chunks: readonly Buffer[]) {
    this.chunks = chunks;
  }
  read(): Buffer | null {
    return this.next < this.chunks.length ? this.chunks[this.next++] : null;
  }
}

class IterableMemory implements IterableSource {
  private readonly chunks: readonly Buffer[];
  private at = 0;
  constructor(chunks: readonly Buffer[]) {
    this.chunks = chunks;
  }
  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return this;
  }
  next(): Promise<IteratorResult<Buffer>> {
    return Promise.resolve(
      this.at < this.chunks.length
        ? { done: false, value: this.chunks[this.at++] }
        : { done: true, value: undefined },
    );
  }
}

/** Relays bodies one after the other until `seconds` have passed. Returns how many. */
export async function relayInMemory(
  style: Style,
  chunks: readonly Buffer[],
  seconds: number,
): Promise<number> {
  let bytes = 0;
  const to: Destination = {
    write(chunk) {
      bytes += chunk.length;
      return true;
    },
    written() {},
  };
  let bodies = 0;
  const done = () => {
    bodies++;
  };
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    for (let i = 0; i < 1000; i++) {
      if (style === 'push') relayPush(new PushMemory(chunks), to, done);
      else if (style === 'pull') await relayPull(new PullMemory(chunks), to, done);
      else await relayIterator(new IterableMemory(chunks), to, done);
    }
  }
  const expected = bodies * chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (bytes !== expected) throw new Error(`${bytes} bytes arrived instead of ${expected}`);
  return bodies;
}
