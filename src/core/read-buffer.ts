import { Buffer } from 'node:buffer';

/** Bytes that one read from a socket can bring: a body of 64 KiB or 100 KiB and its head in one read, and so in one write. */
export const READ_BUFFER_SIZE = 128 * 1024;

/** Read buffers kept for the next taker; more than these go to the garbage collector. */
const KEPT = 64;

const free: Buffer[] = [];

/** A read buffer of one's own, contents undefined. */
export function takeReadBuffer(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(READ_BUFFER_SIZE);
}

/** Give a read buffer back. Nobody may hold a part of it any more. */
export function giveReadBuffer(buffer: Buffer): void {
  if (free.length < KEPT) free.push(buffer);
}

/**
 * The buffer that all client sockets of a thread read into while nothing of it outlives the read: requests are
 * parsed in it before the next socket is read.
 */
export const sharedReadBuffer: Buffer = Buffer.allocUnsafeSlow(READ_BUFFER_SIZE);

/** The same, eight bytes at a time. */
export const sharedReadDoubles = new Float64Array(sharedReadBuffer.buffer);
