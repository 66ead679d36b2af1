/**
 * Three shapes that the source of a message body can have, and the relay that each of them asks for. In all three a
 * chunk is lent: in push until `data` returned true or, after false, until `resume`; in the others until the next one
 * is asked for.
 */

export interface PushSink {
  data(chunk: Buffer): boolean;
  end(): void;
}
export interface PushSource {
  flow(sink: PushSink): void;
  resume(): void;
}

export interface PullSource {
  /** The next chunk, null at the end, a promise where neither is known yet. */
  read(): Buffer | null | Promise<Buffer | null>;
}

export type IterableSource = AsyncIterable<Buffer>;

/** Where a body goes. */
export interface Destination {
  /** True: all of it is out. False: the chunk is still needed, and `written` will be called. */
  write(chunk: Buffer): boolean;
  written: () => void;
}

export const styles = ['push', 'pull', 'iterator'] as const;
export type Style = (typeof styles)[number];

export function relayPush(source: PushSource, to: Destination, done: () => void): void {
  to.written = () => source.resume();
  source.flow({ data: (chunk) => to.write(chunk), end: done });
}

export async function relayPull(source: PullSource, to: Destination, done: () => void): Promise<void> {
  for (;;) {
    const next = source.read();
    const chunk = next instanceof Promise ? await next : next;
    if (chunk === null) break;
    if (!to.write(chunk)) await untilWritten(to);
  }
  done();
}

export async function relayIterator(
  source: IterableSource,
  to: Destination,
  done: () => void,
): Promise<void> {
  for await (const chunk of source) {
    if (!to.write(chunk)) await untilWritten(to);
  }
  done();
}

function untilWritten(to: Destination): Promise<void> {
  return new Promise((resolve) => {
    to.written = resolve;
  });
}
