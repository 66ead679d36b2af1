import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Listener } from '../../src/net/listener.ts';
import { SocketTransport } from '../../src/net/socket-transport.ts';
import type { OpenTransport, TransportEvents } from '../../src/net/transport.ts';
import { RawConnection } from './raw-connection.ts';
import { within } from './until.ts';

/** What a transport has told, in words, data as latin1. */
export class EventRecorder implements TransportEvents {
  readonly told: string[] = [];
  /** Called for each piece of data, while it is lent. */
  onData: (bytes: Buffer, length: number) => void = () => {};
  #wake = new Set<() => void>();

  data(bytes: Buffer, length: number): void {
    this.onData(bytes, length);
    this.#tell(`data ${bytes.toString('latin1', 0, length)}`);
  }

  ended(): void {
    this.#tell('ended');
  }

  drained(): void {
    this.#tell('drained');
  }

  closed(error: NodeJS.ErrnoException | undefined): void {
    this.#tell(error === undefined ? 'closed' : `closed ${error.code}`);
  }

  /** Waits until this was told, by what it begins with. */
  async until(what: string): Promise<void> {
    let look = (): void => {};
    const told = new Promise<void>((resolve) => {
      look = () => {
        if (this.told.some((event) => event.startsWith(what))) resolve();
      };
      this.#wake.add(look);
      look();
    });
    await within(10_000, `the transport tells: ${what}`, told).finally(() => this.#wake.delete(look));
  }

  #tell(event: string): void {
    this.told.push(event);
    for (const look of this.#wake) look();
  }
}

/** What carries an accepted connection: the handle alone, or a `net.Socket` around it. */
export const CARRIERS = ['handle', 'socket'] as const;
export type Carrier = (typeof CARRIERS)[number];

/** A transport that was accepted, and the client at its other end. */
export interface TransportPair extends Disposable {
  readonly transport: OpenTransport;
  readonly events: EventRecorder;
  readonly client: RawConnection;
}

const LOOPBACK = '127.0.0.1';

/** Connects a bare client to a transport, over a real connection. */
export async function transportPair(carrier: Carrier = 'handle'): Promise<TransportPair> {
  const { promise: accepted, resolve } = Promise.withResolvers<OpenTransport>();
  const { port, close } = await listen(carrier, resolve);
  const clientSocket = connect({ port, host: LOOPBACK, allowHalfOpen: true });
  await once(clientSocket, 'connect');
  const transport = await accepted;
  close();
  const events = new EventRecorder();
  transport.open(events);
  const client = new RawConnection(clientSocket);
  return {
    transport,
    events,
    client,
    [Symbol.dispose]() {
      transport.destroy();
      client.close();
    },
  };
}

async function listen(
  carrier: Carrier,
  accept: (transport: OpenTransport) => void,
): Promise<{ port: number; close: () => void }> {
  if (carrier === 'handle') {
    const listener = await Listener.open({ host: LOOPBACK, port: 0 }, false, accept);
    return { port: listener.port as number, close: () => listener.close() };
  }
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
    accept(SocketTransport.accepted(socket)),
  );
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
