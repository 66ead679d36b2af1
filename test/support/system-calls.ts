import { readFileSync, readlinkSync } from 'node:fs';
import { Child } from './child.ts';
import { program } from './packages.ts';
import { temporaryDirectory } from './temp.ts';

/** What is on the other side of a file descriptor. */
type Place = 'client' | 'upstream' | 'elsewhere';

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

/** As strace writes it down: `4711 read(24, ""..., 65536) = 83`. The end of one that was interrupted has no parenthesis. */
const CALL = /^\d+ +(\w+)\((\d+)?/;
const READS = new Set(['read', 'readv', 'recvfrom', 'recvmsg']);
const WRITES = new Set(['write', 'writev', 'sendto', 'sendmsg']);
const EPOLL_WAITS = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2']);

/**
 * Runs `work`, and counts every system call that any thread of the process makes meanwhile. `port`: the one that its clients
 * are connected to. Connections have to be there already, those of later are elsewhere.
 */
export async function systemCallsDuring(
  pid: number,
  port: number,
  work: () => Promise<void>,
): Promise<SystemCalls> {
  const directory = temporaryDirectory();
  try {
    const file = directory.join('calls');
    const strace = new Child('strace', program('strace'), ['-f', '-p', String(pid), '-s', '0', '-o', file]);
    try {
      await strace.untilOutput('it is attached', () => strace.stderr.some((line) => / attached/.test(line)));
      await work();
    } finally {
      await strace.stop('SIGINT');
    }
    return count(readFileSync(file, 'latin1'), pid, ownPortsOfSockets(pid), port);
  } finally {
    directory.remove();
  }
}

function count(
  calls: string,
  pid: number,
  ports: ReadonlyMap<string, number>,
  clientPort: number,
): SystemCalls {
  const counts = { clientReads: 0, upstreamReads: 0, clientWrites: 0, upstreamWrites: 0, epollWaits: 0 };
  const others = new Map<string, number>();
  const places = new Map<string, Place>();
  const placeOf = (fd: string): Place => {
    const known = places.get(fd);
    if (known !== undefined) return known;
    const ownPort = ports.get(linkOf(pid, fd));
    const place = ownPort === undefined ? 'elsewhere' : ownPort === clientPort ? 'client' : 'upstream';
    places.set(fd, place);
    return place;
  };
  for (const line of calls.split('\n')) {
    const [, name, fd] = CALL.exec(line) ?? [];
    if (name === undefined) continue;
    const direction = READS.has(name) ? 'Reads' : WRITES.has(name) ? 'Writes' : undefined;
    const place = direction === undefined || fd === undefined ? 'elsewhere' : placeOf(fd);
    if (direction !== undefined && place !== 'elsewhere') {
      counts[`${place}${direction}`]++;
    } else if (EPOLL_WAITS.has(name)) {
      counts.epollWaits++;
    } else {
      const key = direction === undefined ? name : `${name} elsewhere`;
      others.set(key, (others.get(key) ?? 0) + 1);
    }
  }
  return { ...counts, others };
}

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return 'closed';
  }
}

/** The port on its own side of every TCP socket of IPv4, by what /proc/PID/fd calls it: `socket:[INODE]`. */
function ownPortsOfSockets(pid: number): Map<string, number> {
  const ports = new Map<string, number>();
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, 'latin1').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [, local] = fields;
    if (local === undefined) continue;
    ports.set(`socket:[${fields[9]}]`, Number.parseInt(local.slice(local.indexOf(':') + 1), 16));
  }
  return ports;
}
