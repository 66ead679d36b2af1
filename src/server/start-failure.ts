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

/** What the system's errors about listening carry besides. */
interface SystemError extends NodeJS.ErrnoException {
  /** IP address, or path of a unix socket. */
  readonly address?: string;
  readonly port?: number;
}

/** Why a listener could not be opened, in one line. */
export function listenFailure(error: unknown, { address }: ListenerConfig): StartError {
  const { code = String(error) } = error as NodeJS.ErrnoException;
  const reason = LISTEN_FAILURES[code] ?? `cannot be listened on (${code})`;
  return new StartError(`${address} ${reason}`, { cause: error });
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
  return new StartError(path === undefined ? error.message : `${path}: ${reasonOf(code)}`, { cause: error });
}

function reasonOf(code: string | undefined): string {
  if (code === 'ENOENT') return 'there is no such file or directory';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'this is a directory, not a file';
  if (code === 'ENOTDIR') return 'a part of the path is not a directory';
  return `it cannot be used (${code})`;
}
