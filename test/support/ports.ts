import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type ListenOptions, type Server } from 'node:net';
import type { Child } from './child.ts';
import { until } from './until.ts';

/** Below are ports that programs are known by, and the last that Chromium refuses to speak to. */
const LOWEST = 10_240;
const MOST_TRIES = 1000;
const isLinux = process.platform === 'linux';

/**
 * A TCP port of 127.0.0.1 that stays free for the program that is then started on it: it lies below those that the
 * kernel gives to outgoing connections, and among all who ask here it is this process's alone, until that ends. Elsewhere than
 * on Linux it is one that was free a moment ago. Throws the system's error where it cannot be found out.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const port = isLinux ? randomInt(LOWEST, firstOfTheKernel()) : 0;
    const claim = isLinux ? await listening({ path: `\0dreamserver-port-${port}` }) : undefined;
    if (isLinux && claim === undefined) continue;
    const trial = await listening({ port, host: '127.0.0.1' });
    if (trial === undefined) {
      claim?.close();
      continue;
    }
    claim?.unref();
    const given = (trial.address() as AddressInfo).port;
    trial.close();
    await once(trial, 'close');
    return given;
  }
  throw new Error(`no free port in ${MOST_TRIES} tries`);
}

function firstOfTheKernel(): number {
  const first = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
  // Where the kernel's own begin that low, there is nothing below them.
  return first > 2 * LOWEST ? first : 65_536;
}

/** Undefined: somebody else listens there. */
async function listening(where: ListenOptions): Promise<Server | undefined> {
  const server = createServer().listen(where);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

/** Whether something accepts connections on that port of 127.0.0.1 now. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}

/** Waits until this program accepts connections on that port of 127.0.0.1; ends it when it does not. */
export async function untilAccepts(port: number, child: Child): Promise<void> {
  try {
    await until(() => !child.isRunning || accepts(port), { what: `${child.name} accepts connections` });
    if (!child.isRunning) throw new Error(`${child.name} ended: ${child.output}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
