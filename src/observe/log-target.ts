import { closeSync, constants, fstatSync, openSync } from 'node:fs';

/** Where log lines go. */
export type LogTarget = 'stdout' | 'stderr' | { readonly path: string };

/** An open target, and what one has to know of it in order to write to it well. */
export interface OpenTarget {
  /** What people call it: `stdout`, or the path. */
  readonly name: string;
  readonly fd: number;
  /** Whether we opened it, so that we close it. */
  readonly own: boolean;
  /**
   * Whether a write may keep its thread waiting. A descriptor in non-blocking mode never does; a regular file knows no
   * such mode, but the system's page cache takes the bytes nearly always at once; what we inherited may do anything.
   */
  readonly mayBlock: 'never' | 'rarely' | 'freely';
  /**
   * The most bytes that a write may hold without being torn apart by those of other writers: a pipe promises that up to
   * PIPE_BUF (POSIX, `write()`), a file opened to append for any number. A unix socket promises nothing; Linux puts what
   * fits into one buffer, of 32 KiB at least, between those of others.
   */
  readonly atomicBytes: number;
}

const PIPE_BUF = process.platform === 'linux' ? 4096 : 512;
const SOCKET_BUFFER = 32 * 1024;
const STANDARD = { stdout: 1, stderr: 2 };

/**
 * Open a log target. Each worker thread opens its own; their lines do not mix.
 *
 * @throws the system's error (ENOENT, EACCES, EISDIR, …) when a file cannot be opened; ENXIO for a named pipe that
 *   nobody reads
 */
export function openTarget(target: LogTarget): OpenTarget {
  if (typeof target === 'object') {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
    const fd = openSync(target.path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o640);
    return describe(target.path, fd, true);
  }
  const inherited = STANDARD[target];
  const own = openAgain(inherited);
  return describe(target, own ?? inherited, own !== undefined);
}

/** Close what `openTarget` opened. */
export function closeTarget(target: OpenTarget): void {
  if (target.own) closeSync(target.fd);
}

/**
 * Open an inherited pipe or terminal a second time, in non-blocking mode. The first descriptor shares its modes with
 * whoever gave it to us, and a shell does not want its terminal changed. Undefined where that cannot be: for a regular
 * file, whose offset is shared too, for a socket, and on systems without /proc.
 */
function openAgain(fd: number): number | undefined {
  if (fstatSync(fd).isFile()) return undefined;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}

function describe(name: string, fd: number, own: boolean): OpenTarget {
  const stat = fstatSync(fd);
  const mayBlock = stat.isFile() ? 'rarely' : own ? 'never' : 'freely';
  const atomicBytes = stat.isFIFO() ? PIPE_BUF : stat.isSocket() ? SOCKET_BUFFER : Infinity;
  return { name, fd, own, mayBlock, atomicBytes };
}
