import type { HotPath } from '../support/hot-paths.ts';

/** What a request may cost at the most, in things that are counted: a busy machine does not change them. */
export interface Threshold {
  /** System calls on the sockets of clients and of upstreams, for each request. */
  readonly clientReads: number;
  readonly clientWrites: number;
  readonly upstreamReads: number;
  readonly upstreamWrites: number;
  /** Bytes of V8's heap that are given out for each request, on average. */
  readonly heapBytes: number;
}

/** A request is one read, its answer one write: at the most two calls for a file. */
const FILE = { clientReads: 1, clientWrites: 1, upstreamReads: 0, upstreamWrites: 0 };
/** The same on the upstream's side, so at the most four. A body of 1 KiB arrives and leaves together with its head. */
const PROXIED = { clientReads: 1, clientWrites: 1, upstreamReads: 1, upstreamWrites: 1 };

/**
 * The heap's figures were 735, 1085, 1970 and 4580 bytes in this order on Node 24.21; runs differ by one or two percent, on a
 * busy machine by three. The bounds are 3 to 6 % above: a Map for each request, of 270 bytes, is more than that. Another
 * version of V8 may need others.
 */
export const thresholds: Readonly<Record<HotPath, Threshold>> = {
  'file of 1 KiB': { ...FILE, heapBytes: 780 },
  'file of 100 KiB': { ...FILE, heapBytes: 1120 },
  'proxied GET of 1 KiB': { ...PROXIED, heapBytes: 2030 },
  'proxied POST of 1 KiB': { ...PROXIED, heapBytes: 4720 },
};

/** The system may hand over a message in two pieces: seldom seen, but nobody promises that it does not. */
export const SPLIT_SHARE = 0.01;

/**
 * Calls of one name that are not for a socket, such as `futex` or `write` of the log. For each request: the collector's and
 * the compiler's threads were seen to need up to 0.05. For each second, however many requests come: the log's batch is
 * written every 10 ms, files are looked at twice a second, deadlines ten times.
 */
export const OTHER_CALLS = { eachRequest: 0.2, eachSecond: 200 };

/**
 * A heap that needs less than this part of its threshold means that the threshold guards nothing any more, or that nothing
 * was measured.
 */
export const LEAST_PART = 0.75;
