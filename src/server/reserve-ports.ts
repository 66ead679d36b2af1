import cluster from 'node:cluster';
import type { ListenerConfig, RuntimeConfig } from '../config/runtime-config.ts';
import { Listener } from '../net/listener.ts';
import { claimPort, type PortClaim } from '../net/port-claim.ts';
import { listenFailure } from './start-failure.ts';

type TcpListener = ListenerConfig & { kind: 'tcp' };

/**
 * Makes sure that several threads can listen where one is told to, and turns each port 0 into the one port that all of them
 * then share. Each port is claimed once, for one alone: with `reusePort` a second server of the same user would join in
 * silently where it must be told that the address is in use.
 *
 * @throws StartError when an address cannot be listened on
 */
export async function reservePorts(config: RuntimeConfig): Promise<RuntimeConfig> {
  const claims: PortClaim[] = [];
  const reserved: TcpListener[] = [];
  try {
    const listeners: ListenerConfig[] = [];
    for (const listener of config.listeners) {
      if (listener.kind === 'tcp') {
        // One after the other, so that the first failure is the one that is told.
        const claim = await claimed(listener, reserved);
        claims.push(claim);
        reserved.push(listener);
        listeners.push({ ...listener, port: claim.port });
      } else {
        listeners.push(listener);
      }
    }
    return { ...config, listeners };
  } finally {
    for (const claim of claims) claim.release();
  }
}

/**
 * Whether this system lets several sockets listen on one port and spreads the connections over them. Not in a worker of
 * `node:cluster`, where the primary listens for all.
 */
export async function canReusePort(): Promise<boolean> {
  if (cluster.isWorker) return false;
  try {
    const listener = await Listener.open({ host: '127.0.0.1', port: 0 }, true, (socket) => socket.destroy());
    listener.close();
    return true;
  } catch {
    return false;
  }
}

async function claimed(listener: TcpListener, reserved: readonly TcpListener[]): Promise<PortClaim> {
  try {
    // Two sockets that only are bound would not be in each other's way.
    if (reserved.some((other) => overlap(listener, other))) {
      throw Object.assign(new Error('listed twice'), { code: 'EADDRINUSE' });
    }
    return await claimPort(listener);
  } catch (error) {
    throw listenFailure(error, listener);
  }
}

/** Whether the one takes connections for addresses of the other. */
function overlap(a: TcpListener, b: TcpListener): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || covers(a.host, b.host) || covers(b.host, a.host);
}

/** Whether a host stands for all addresses, that of another among them. Without a host it is all of both families. */
function covers(all: string | undefined, host: string | undefined): boolean {
  if (all === undefined || all === '::') return true;
  return all === '0.0.0.0' && host?.includes(':') !== true;
}
