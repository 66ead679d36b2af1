import { Buffer } from 'node:buffer';
import { DreamError } from '../core/errors.ts';
import type { ReadonlyHeaderList } from './header-list.ts';

/** Pieces up to this size are copied behind the head and leave in the same write; larger ones are written from where they are. */
export const COPY_LIMIT = 8 * 1024;

/**
 * Up to this size the body of an answer that is sent many times is kept in one piece with its head, as bytes; and as text for where it
 * leaves together with others, since Node hands up to 16 KiB of text to the system without asking for memory.
 */
export const TEXT_LIMIT = 15 * 1024;

/**
 * The head of an answer in pieces that need not be joined first: what each answer of its kind begins with, the date, the request's id, and
 * the end.
 */
export type HeadPieces = readonly [beginning: string, date: string, id: string, end: string];

/**
 * Where a message's body goes. The chunk handed to `data` is lent: it is valid until `data` returns true, or, when it
 * returned false, until the sink calls `resume()` on the source. Who keeps bytes for longer copies them.
 */
export interface BodySink {
  /** Take a chunk. False: no more until `resume()`. */
  data(chunk: Buffer): boolean;
  /** The body is complete. Called at most once, and nothing after it. */
  end(): void;
  /** The body will never be complete. Called at most once, and nothing after it. */
  fail(error: DreamError): void;
}

/**
 * The bytes of a message's body, pushed into a sink as they come (ADR 0002 says why pushed). `flow` is called once;
 * it may call the sink before it returns. A body that nobody wants is cancelled, so that its connection can be freed.
 */
export interface BodySource {
  /** Bytes in all, where that is known before the first one. */
  readonly length: number | undefined;
  /** The trailer section, once the body has ended and if it had one. */
  readonly trailers: ReadonlyHeaderList | undefined;
  /** Set where all of it is here: then `flow` may be called again, with another sink, also after `cancel`. */
  readonly replayable?: boolean;
  flow(sink: BodySink): void;
  /**
   * The whole body in one piece behind a head, if it can be had so: lent as a chunk is, until `resume`,
   * and all there is. One without a length comes whole in the chunked coding, and tells `lentLength`. Undefined: it has to flow.
   * Called in place of `flow`.
   */
  flowBehind?(head: HeadPieces, sink: BodySink): Buffer | undefined;
  /** Bytes of the body in what `flowBehind` has lent, where nothing told them before. */
  readonly lentLength?: number | undefined;
  /** The sink that returned false can take more. */
  resume(): void;
  /**
   * Nobody wants the rest. No sink method is called after it. Safe to call at any time, also twice. `letGo`: nobody looks at
   * what was lent any more, as where the connection that it went to is closed; otherwise somebody may.
   */
  cancel(letGo?: boolean): void;
}

/** What a response carries: nothing, bytes that are there already, or bytes that come. */
export type Body = null | Buffer | BodySource;

/** The body of a message that has none. */
export const emptyBody: BodySource = {
  length: 0,
  trailers: undefined,
  flow: (sink) => sink.end(),
  resume: () => {},
  cancel: () => {},
};

/** Collect a whole body in memory; fails with `http1.body.too-large` past `limit` bytes. For plugins and tests, not for the hot path. */
export function readAll(source: BodySource, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    source.flow({
      data(chunk) {
        size += chunk.length;
        if (size > limit) {
          source.cancel();
          reject(new DreamError('http1.body.too-large'));
          return false;
        }
        chunks.push(Buffer.from(chunk));
        return true;
      },
      end: () => resolve(Buffer.concat(chunks, size)),
      fail: reject,
    });
  });
}
