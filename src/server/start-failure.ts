import { Buffer } from 'node:buffer';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartError } from '../config/config-error.ts';
import type { ListenerConfig } from '../config/runtime-config.ts';

const LISTEN_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is already in use',
  EACCES: 'may not be listened on: permission denied',
  EADDRNOTAVAIL: 'is not an address of this machine',
  EAFNOSUPPORT: 'is of an address family that this machine does not have',
  ENOTFOUND: 'cannot be listened on: the host is not known',
  EAI_AGAIN: 'cannot be listened on: the host is not known',
};

/** Bytes of the path of a unix socket: `sun_path` with the zero behind it (unix(7)). */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

/** What the system's errors about listening carry besides. */
interface SystemError extends NodeJS.ErrnoException {
  /** IP address, or path of a unix socket. */
  readonly address?: string;
  readonly port?: number;
}

/** Why a listener could not be opened, in one line. */
export function listenFailure(error: unknown, listener: ListenerConfig): StartError {
  const { code = String(error) } = error as NodeJS.ErrnoException;
  const reason =
    (listener.kind === 'unix' ? socketFailure(code, listener.path) : undefined) ??
    LISTEN_FAILURES[code] ??
    `cannot be listened on (${code})`;
  return new StartError(`${listener.address} ${reason}`, { cause: error });
}

/** What the system's code does not tell, or not as it is, about the path of a unix socket. */
function socketFailure(code: string, path: string): string | undefined {
  const directory = dirname(path);
  // libuv makes EACCES of ENOENT, as Windows has it.
  if (code === 'EACCES' && !existsSync(directory)) {
    return `cannot be listened on: the folder ${directory} does not exist`;
  }
  if (code === 'EINVAL') {
    return `cannot be listened on: the path of a unix socket has at most ${LONGEST_PATH} bytes, and this one ${Buffer.byteLength(path)}`;
  }
  // A socket on which nobody listens any more has been removed before.
  if (code === 'EADDRINUSE' && statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) {
    return `cannot be listened on: ${path} is there already, and is no socket`;
  }
  return undefined;
}

/**
 * What a failure while the server starts means for the person who starts it: in one line, when the system refused
 * something. Any other error is a mistake of ours and stays as it is.
 */
export function startFailure(error: unknown, listeners: readonly ListenerConfig[]): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error;
  const { code, path, syscall, address, port } = error as SystemError;
  if (syscall === 'listen' || syscall === 'bind' || syscall === 'getaddrinfo') {
    const listener = listeners.find((one) => (one.kind === 'tcp' ? one.port === port : one.path === address));
    return listener === undefined
      ? new StartError(error.message, { cause: error })
      : listenFailure(error, listener);
  }
  return new StartError(path === undefined ? error.message : `${path}: ${reasonOf(code, path)}`, {
    cause: error,
  });
}

function reasonOf(code: string | undefined, path: string): string {
  if (code === 'ENOENT') return 'there is no such file or directory';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'this is a directory, not a file';
  if (code === 'ENOTDIR') return 'a part of the path is not a directory';
  if (code === 'ENAMETOOLONG') return 'the path, or a name in it, is too long';
  if (code === 'ENXIO') {
    return statSync(path, { throwIfNoEntry: false })?.isFIFO() === true
      ? 'this is a named pipe that nobody reads; its reader has to be there first'
      : 'this is a socket or a device, and no file';
  }
  return `it cannot be used (${code})`;
}
