import { readdirSync, readFileSync } from 'node:fs';
import type { RouteConfig, RuntimeConfig } from '../config/runtime-config.ts';
import { SOCKETS_PER_PORT } from '../net/listener.ts';

// A process that has no file descriptors left does not only refuse clients: it cannot open files or reach servers, and its
// threads spin, since the system keeps telling them of a connection that none of them can accept.

/**
 * What a thread has besides sockets: its event loop, the access log, a watch of directories. Measured with Node 24 and 1 to 6
 * threads: 7, and 8 from the first file on.
 */
const PER_THREAD = 10;
/** For what comes and goes: certificates, temporary files, log files and names that are looked up, files being looked at. */
const RESERVE = 32;
/**
 * Clients for whom something else is open at the same time at the most: a file that is not in memory, a connection to a server.
 * With 20,000 descriptors the 10,000 clients of the default have room beside that.
 */
const MOST_AT_WORK = 8192;
/** Of all descriptors those that clients may have who are being told that they are too many. */
const TURNED_AWAY = 1 / 16;
/** So many of them in a thread at the most, whatever the system allows. */
const MOST_TURNED_AWAY = 1000;

/** File descriptors of this process: files, and sockets as well. */
export interface Descriptors {
  /** How many it may have; Node has raised that as far as it could when it started. */
  readonly limit: number;
  /** How many it has, the one by which they are counted among them. */
  readonly open: number;
}

/** Those of this process now; undefined where they are not limited, or where the system does not tell (only Linux does). */
export function ownDescriptors(): Descriptors | undefined {
  try {
    const soft = /^Max open files +(\d+) /m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined
      ? undefined
      : { limit: Number(soft), open: readdirSync('/proc/self/fd').length };
  } catch {
    return undefined;
  }
}

/** Clients, in each of so many `threads`, that may be told at the same time that they are too many. At least 1. */
export function mostTurnedAway(limit: number | undefined, threads: number): number {
  if (limit === undefined) return MOST_TURNED_AWAY;
  return Math.max(1, Math.min(MOST_TURNED_AWAY, Math.floor((limit * TURNED_AWAY) / threads)));
}

/**
 * Connections of clients that there is room for in `threads` that have not opened anything yet. At least 1.
 *
 * It is what keeps the usual case from running dry, and no proof: where a route proxies or serves files, there is one
 * descriptor more for each client, up to 8192, for the file or the server behind it, and another one for an answer that waits in
 * a file. Request bodies that are collected in files, copies for mirrors, health checks, connections to several servers that
 * pools keep without using them, and what else the process does may need more.
 */
export function connectionRoom(
  { listeners, routes }: Pick<RuntimeConfig, 'listeners' | 'routes'>,
  threads: number,
  { limit, open }: Descriptors,
): number {
  const perThread = listeners.length * SOCKETS_PER_PORT + PER_THREAD + mostTurnedAway(limit, threads);
  const left = limit - open - threads * perThread - RESERVE;
  const more = routes.reduce((most, { end }) => Math.max(most, openedFor(end)), 0);
  return Math.max(1, Math.floor(left / (1 + more)), left - more * MOST_AT_WORK);
}

/** Descriptors that a request may need besides its client's. */
function openedFor(end: RouteConfig['end']): 0 | 1 | 2 {
  if (end.kind === 'files') return 1;
  if (end.kind !== 'proxy') return 0;
  return end.options.buffer.response === undefined ? 1 : 2;
}
