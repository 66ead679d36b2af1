import type { ListenerConfig, RuntimeConfig } from '../config/runtime-config.ts';
import { Listener } from '../net/listener.ts';
import { listenFailure } from './start-failure.ts';

/**
 * Makes sure that several threads can listen where one is told to, and turns each port 0 into the one port that all
 * of them then share. Each address is bound once, alone: with `reusePort` a second server of the same user would
 * join in silently where it must be told that the address is in use.
 *
 * @throws StartError when an address cannot be listened on
 */
export async function reservePorts(config: RuntimeConfig): Promise<RuntimeConfig> {
  const bound: Listener[] = [];
  try {
    const listeners: ListenerConfig[] = [];
    for (const listener of config.listeners) {
      if (listener.kind === 'tcp') {
        // One after the other, so that the first failure is the one that is told.
        const probe = await bind(listener);
        bound.push(probe);
        listeners.push({ ...listener, port: probe.port ?? listener.port });
      } else {
        listeners.push(listener);
      }
    }
    return { ...config, listeners };
  } finally {
    for (const listener of bound) listener.close();
  }
}

/** Whether this system lets several sockets listen on one port and spreads the connections over them. */
export async function canReusePort(): Promise<boolean> {
  try {
    const listener = await Listener.open({ host: '127.0.0.1', port: 0 }, true, (socket) => socket.destroy());
    listener.close();
    return true;
  } catch {
    return false;
  }
}

async function bind(listener: ListenerConfig & { kind: 'tcp' }): Promise<Listener> {
  try {
    return await Listener.open(listener, false, (socket) => socket.destroy());
  } catch (error) {
    throw listenFailure(error, listener);
  }
}
