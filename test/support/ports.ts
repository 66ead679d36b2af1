import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server } from 'node:net';
import type { Child } from './child.ts';
import { until } from './until.ts';

/** Below are ports that programs are known by, and the last that Chromium refuses to speak to. */
const LOWEST = 10_240;

/**
 * A TCP port of 127.0.0.1 that stays free for the program that is then started on it: it lies below those that the
 * kernel gives to outgoing connections, and among all who ask here it is this process's alone, until that ends.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, firstOfTheKernel());
    const claim = await listening({ path: `\0dreamserver-port-${port}` });
    const trial = claim && (await listening({ port, host: '127.0.0.1' }));
    if (trial) {
      claim.unref();
      trial.close();
      await once(trial, 'close');
      return port;
    }
    claim?.close();
  }
}

function firstOfTheKernel(): number {
  const first = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
  // Where the kernel's own begin that low, there is nothing below them.
  return first > 2 * LOWEST ? first : 65_536;
}

async function listening(where: ListenOptions): Promise<Server | undefined> {
  const server = createServer().listen(where);
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
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
