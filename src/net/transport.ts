import type { Peer } from '../core/peer.ts';

/** What a connection is told by its transport. */
export interface TransportEvents {
  /** Bytes have come: `bytes[0..length)`, lent until the next read (see `Transport.holdBuffer`). */
  data(bytes: Buffer, length: number): void;
  /** The other side will send no more; it may still read. */
  ended(): void;
  /** All that was written has been taken by the system, after a write that returned false. */
  drained(): void;
  /** The connection is gone, both ways. Called once, nothing after it. */
  closed(error: NodeJS.ErrnoException | undefined): void;
}

/**
 * A connection's bytes, whatever carries them. Strings are latin1: one character a byte.
 */
export interface Transport {
  readonly peer: Peer;
  /** Send. True: the system took it all. False: part of it waits (a Buffer is then held until `drained`). */
  write(data: string | Buffer): boolean;
  /** Send a string and a Buffer behind it, in one system call. */
  writeBoth(head: string, data: Buffer, tail: string): boolean;
  /** Bytes of the writes that the system has not taken whole yet; 0 when nothing waits. */
  readonly pending: number;
  /** The same, less what it has taken of them so far. */
  readonly unsent: number;
  /**
   * Bytes that the system has taken and the other side has not: 0 where it does not tell. Together with `unsent` they get
   * fewer while the other side reads, however slowly. For rare moments: it is looked up. Absent: nobody knows.
   */
  queued?(): Promise<number>;
  /** It is closed as far as anybody can tell, but the system may still look at what it was lent. Absent: it never does. */
  readonly stuck?: boolean;
  pause(): void;
  resume(): void;
  /**
   * The connection's own read buffer, which it reads into after the next read at the latest, so that a lent chunk
   * survives other connections' reads while this one is paused. Until then, chunks lie in the thread's
   * `sharedReadBuffer`.
   */
  holdBuffer(): Buffer;
  /** Go back to the shared buffer. `lent`: somebody still holds a part of the own one, so that it is not used again. */
  releaseBuffer(lent: boolean): void;
  /** Read into another buffer of its own from the next read on, since somebody still holds a part of the present one. */
  replaceBuffer(): void;
  /** Send what is waiting, then say that no more will come. The other side may still send. */
  end(): void;
  /** Close both ways at once and drop what is waiting. */
  destroy(): void;
  /** The same, and let the other side see that it was no proper end. */
  reset(): void;
}

/** A connection that stands. */
export interface OpenTransport extends Transport {
  /** Who is told. Whoever takes the connection over puts himself here, before he returns. */
  events: TransportEvents;
  /** Begin to read. Called once, by whoever was handed an accepted connection; one that we made is open already. */
  open(events: TransportEvents): void;
}

/** Nobody is interested. */
export const NOBODY: TransportEvents = {
  data() {},
  ended() {},
  drained() {},
  closed() {},
};
