import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { Listener } from '../../src/net/listener.ts';
import { SocketTransport } from '../../src/net/socket-transport.ts';
import type { TransportEvents } from '../../src/net/transport.ts';
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

/** A transport that was accepted, and the client at its other end. */
export interface TransportPair extends Disposable {
  readonly transport: SocketTransport;
  readonly events: EventRecorder;
  readonly client: RawConnection;
}

/** Connects a bare client to a transport, over a real socket. */
export async function transportPair(): Promise<TransportPair> {
  let accepted: (socket: Socket) => void = () => {};
  const socket = new Promise<Socket>((resolve) => {
    accepted = resolve;
  });
  const listener = await Listener.open({ host: '127.0.0.1', port: 0 }, false, (each) => accepted(each));
  const clientSocket = connect({ port: listener.port as number, host: '127.0.0.1', allowHalfOpen: true });
  await once(clientSocket, 'connect');
  const events = new EventRecorder();
  const transport = SocketTransport.accepted(await socket, events);
  listener.close();
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
