import { readFileSync } from 'node:fs';
import { Child } from './child.ts';
import { program } from './packages.ts';
import { temporaryDirectory } from './temp.ts';

/** How often the threads of a process called the system, told apart by what for. */
export interface SystemCalls {
  /** Reads from connections that it has accepted, and from those that it has made. */
  readonly clientReads: number;
  readonly upstreamReads: number;
  /** Writes to them, with one buffer or several. */
  readonly clientWrites: number;
  readonly upstreamWrites: number;
  /** Waiting for events. How many come at once depends on how fast the clients are. */
  readonly epollWaits: number;
  /** Everything else, by name: `futex`, `write elsewhere`, `statx`. */
  readonly others: ReadonlyMap<string, number>;
}

/**
 * As strace writes it down, with its own port where it is for a TCP socket:
 * `4711 read(24<TCP:[127.0.0.1:8080->127.0.0.1:40312]>, ""..., 65536) = 83`. The end of one that was interrupted has no
 * parenthesis.
 */
const CALL = /^\d+ +(\w+)\((?:\d+<TCP:\[[^\]]*?:(\d+)->)?/;
const READS = new Set(['read', 'readv', 'recvfrom', 'recvmsg']);
const WRITES = new Set(['write', 'writev', 'sendto', 'sendmsg']);
const EPOLL_WAITS = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2']);

/**
 * Runs `work`, and counts every system call that any thread of the process makes meanwhile. `port`: the one that its clients
 * are connected to; every other TCP connection, over IPv4, is one to an upstream.
 */
export async function systemCallsDuring(
  pid: number,
  port: number,
  work: () => Promise<void>,
): Promise<SystemCalls> {
  const directory = temporaryDirectory();
  try {
    const file = directory.join('calls');
    const strace = new Child('strace', program('strace'), [
      '-f',
      '-yy',
      '-p',
      String(pid),
      '-s',
      '0',
      '-o',
      file,
    ]);
    try {
      await strace.untilOutput('it is attached', () => strace.stderr.some((line) => / attached/.test(line)));
      await work();
    } finally {
      await strace.stop('SIGINT');
    }
    return count(readFileSync(file, 'latin1'), port);
  } finally {
    directory.remove();
  }
}

function count(calls: string, clientPort: number): SystemCalls {
  const counts = { clientReads: 0, upstreamReads: 0, clientWrites: 0, upstreamWrites: 0, epollWaits: 0 };
  const others = new Map<string, number>();
  for (const line of calls.split('\n')) {
    const [, name, ownPort] = CALL.exec(line) ?? [];
    if (name === undefined) continue;
    const direction = READS.has(name) ? 'Reads' : WRITES.has(name) ? 'Writes' : undefined;
    if (direction !== undefined && ownPort !== undefined) {
      counts[`${Number(ownPort) === clientPort ? 'client' : 'upstream'}${direction}`]++;
    } else if (EPOLL_WAITS.has(name)) {
      counts.epollWaits++;
    } else {
      const key = direction === undefined ? name : `${name} elsewhere`;
      others.set(key, (others.get(key) ?? 0) + 1);
    }
  }
  return { ...counts, others };
}
