import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
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

/** Waits until something accepts connections on that port of 127.0.0.1. */
export async function untilAccepts(port: number, who: string): Promise<void> {
  await until(() => accepts(port), { what: `${who} accepts connections on port ${port}` });
}
