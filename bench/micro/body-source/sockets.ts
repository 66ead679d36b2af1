/**
 * The proxy's part between two sockets: a client asks with one byte, the byte goes to the upstream connection that
 * belongs to the client's, and the answer, whose length is known, comes back through a body source.
 */
import { createServer } from 'node:net';
import type { Socket } from 'node:net';

import { Feed } from './feed.ts';
import { relayIterator, relayPull, relayPush } from './styles.ts';
import type { Destination, IterableSource, PullSource, PushSink, PushSource, Style } from './styles.ts';

class PushBody implements PushSource {
  private readonly feed: Feed;
  private left: number;
  private kept: Buffer | null = null;
  constructor(feed: Feed, length: number) {
    this.feed = feed;
    this.left = length;
  }
  flow(sink: PushSink): void {
    this.feed.receive = (chunk, buffer) => {
      this.left -= chunk.length;
      const more = sink.data(chunk);
      if (more) this.feed.release(buffer);
      else this.kept = buffer;
      if (this.left === 0) sink.end();
      return more;
    };
  }
  resume(): void {
    if (this.kept !== null) this.feed.release(this.kept);
    this.kept = null;
    this.feed.resume();
  }
}

/**
 * A chunk goes to whoever waits for it. The promise is settled, and the relay has written the chunk, before the socket
 * is read again: microtasks run at the end of each read's callback. A chunk that nobody waits for is kept, the socket
 * paused until it is taken.
 */
class PullBody implements PullSource {
  private readonly feed: Feed;
  private left: number;
  private waiting: ((chunk: Buffer) => void) | null = null;
  private early: Buffer | null = null;
  private earlyBuffer: Buffer | null = null;
  private lent: Buffer | null = null;

  constructor(feed: Feed, length: number) {
    this.feed = feed;
    this.left = length;
    feed.receive = (chunk, buffer) => {
      this.left -= chunk.length;
      const give = this.waiting;
      if (give === null) {
        this.early = chunk;
        this.earlyBuffer = buffer;
        return false;
      }
      this.waiting = null;
      this.lent = buffer;
      give(chunk);
      return true;
    };
  }

  read(): Buffer | null | Promise<Buffer | null> {
    if (this.lent !== null) this.feed.release(this.lent);
    this.lent = this.earlyBuffer;
    this.earlyBuffer = null;
    if (this.early !== null) {
      const chunk = this.early;
      this.early = null;
      this.feed.resume();
      return chunk;
    }
    if (this.left === 0) return null;
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }
}

class IterableBody implements IterableSource {
  private readonly body: PullBody;
  constructor(feed: Feed, length: number) {
    this.body = new PullBody(feed, length);
  }
  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return this;
  }
  async next(): Promise<IteratorResult<Buffer>> {
    const next = this.body.read();
    const chunk = next instanceof Promise ? await next : next;
    return chunk === null ? { done: true, value: undefined } : { done: false, value: chunk };
  }
}

/** A client's socket as a destination. It has taken a chunk when nothing of it waits in memory. */
class ToSocket implements Destination {
  private readonly socket: Socket;
  private blocked = false;
  written = () => {};
  constructor(socket: Socket) {
    this.socket = socket;
  }
  private readonly onWritten = () => {
    if (!this.blocked || this.socket.writableLength > 0) return;
    this.blocked = false;
    this.written();
  };
  write(chunk: Buffer): boolean {
    this.socket.write(chunk, this.onWritten);
    this.blocked = this.socket.writableLength > 0;
    return !this.blocked;
  }
}

/** Listens on a free port, which it returns; every answer has `length` bytes. */
export function startProxy(style: Style, upstreamPort: number, length: number): Promise<number> {
  const server = createServer({ noDelay: true }, (client) => {
    const feed = new Feed(upstreamPort);
    const to = new ToSocket(client);
    const done = () => {};
    client.on('data', (request) => {
      if (style === 'push') relayPush(new PushBody(feed, length), to, done);
      else if (style === 'pull') void relayPull(new PullBody(feed, length), to, done);
      else void relayIterator(new IterableBody(feed, length), to, done);
      feed.socket.write(request);
    });
    client.on('close', () => feed.socket.destroy());
    client.on('error', () => {});
    feed.socket.on('error', () => client.destroy());
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
