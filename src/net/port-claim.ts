import { lookup } from 'node:dns/promises';
import { getSystemErrorName } from 'node:util';
import { Listener, type ListenTarget } from './listener.ts';
import { nodeBinding } from './node-binding.ts';
import type { SocketName } from './stream-handle.ts';

/** A port that nobody else has, as long as it is not released. */
export interface PortClaim {
  readonly port: number;
  release(): void;
}

/** A socket of libuv that may be bound, in the form of src/tcp_wrap.cc of Node.js. Numbers are 0 or a negative error of libuv. */
interface Bindable {
  bind(address: string, port: number): number;
  bind6(address: string, port: number, flags: number): number;
  getsockname(into: SocketName): number;
  close(): void;
}

interface TcpWrap {
  readonly TCP: new (kind: number) => Bindable;
  readonly constants: { readonly SERVER: number };
}

/**
 * Take a TCP port, or one that is free where 0 is asked for, as one that shares it with nobody. It is bound and not listened
 * on, so that no client takes the claim for the server.
 *
 * @throws Error of the system's (EADDRINUSE, EACCES …)
 */
export async function claimPort(target: ListenTarget & { port: number }): Promise<PortClaim> {
  const wrap = findTcpWrap();
  if (wrap === undefined) return listeningClaim(target);
  const { port, host } = target;
  // As Node listens where no host is named: on all addresses of both families, or of the one that there is.
  const address = host === undefined ? '::' : await addressOf(host, port);
  try {
    return bind(wrap, address, port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (host !== undefined || (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL')) throw error;
    return bind(wrap, '0.0.0.0', port);
  }
}

async function addressOf(host: string, port: number): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    // As Node's own error tells it when it listens.
    throw Object.assign(error as Error, { port });
  }
}

function bind({ TCP, constants }: TcpWrap, address: string, wanted: number): PortClaim {
  const handle = new TCP(constants.SERVER);
  const errno = address.includes(':') ? handle.bind6(address, wanted, 0) : handle.bind(address, wanted);
  const name: SocketName = { address: undefined, family: undefined, port: undefined };
  // libuv tells of a port that is in use later, when the socket would listen; until then it is bound to none.
  const isBound = errno === 0 && handle.getsockname(name) === 0 && name.port !== 0;
  if (isBound) return { port: name.port as number, release: () => handle.close() };
  handle.close();
  const code = errno === 0 ? 'EADDRINUSE' : getSystemErrorName(errno);
  throw Object.assign(new Error(`bind ${code} ${address}:${wanted}`), {
    code,
    syscall: 'bind',
    address,
    port: wanted,
  });
}

function findTcpWrap(): TcpWrap | undefined {
  const found = nodeBinding('tcp_wrap') as Partial<TcpWrap> | undefined;
  const isComplete =
    typeof found?.TCP === 'function' &&
    'bind6' in found.TCP.prototype &&
    'getsockname' in found.TCP.prototype &&
    typeof found.constants?.SERVER === 'number';
  return isComplete ? (found as TcpWrap) : undefined;
}

async function listeningClaim(target: ListenTarget & { port: number }): Promise<PortClaim> {
  const listener = await Listener.open(target, false, (transport) => transport.destroy());
  return { port: listener.port ?? target.port, release: () => listener.close() };
}
