import { Buffer } from 'node:buffer';

/** Bytes that one read from a socket can bring: a body of 64 KiB or 100 KiB and its head in one read, and so in one write. */
export const READ_BUFFER_SIZE = 128 * 1024;

/** Bytes before a read buffer that no read fills: another head than the one that was read may need as many more. */
const ROOM = 512;

/** Read buffers kept for the next taker; more than these go to the garbage collector. */
const KEPT = 64;

const free: Buffer[] = [];

/** A read buffer of one's own, contents undefined. */
export function takeReadBuffer(): Buffer {
  return free.pop() ?? makeReadBuffer();
}

function makeReadBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(ROOM + READ_BUFFER_SIZE).subarray(ROOM);
}

/** How many bytes before `bytes` are its own to write to: it is a read buffer, or there are none. */
export function roomBefore(bytes: Buffer): number {
  const isRead = bytes.byteOffset === ROOM && bytes.buffer.byteLength === ROOM + READ_BUFFER_SIZE;
  return isRead ? ROOM : 0;
}

/** Give a read buffer back. Nobody may hold a part of it any more. What is none is left to the collector. */
export function giveReadBuffer(buffer: Buffer): void {
  if (free.length < KEPT && roomBefore(buffer) > 0) free.push(buffer);
}

/**
 * The buffer that all client sockets of a thread read into while nothing of it outlives the read: requests are
 * parsed in it before the next socket is read.
 */
export const sharedReadBuffer: Buffer = makeReadBuffer();

/** The same, eight bytes at a time. */
export const sharedReadDoubles = new Float64Array(sharedReadBuffer.buffer, ROOM, READ_BUFFER_SIZE / 8);
