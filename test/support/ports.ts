import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { Child } from './child.ts';
import { until } from './until.ts';

/** A TCP port of 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
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
