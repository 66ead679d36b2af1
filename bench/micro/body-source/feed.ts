import { connect } from 'node:net';
import type { Socket } from 'node:net';

const chunkBytes = 65_536;
const spare: Buffer[] = [];

/** Takes what was read: `chunk` lies in `buffer`, which whoever takes it gives back. False: read no more. */
export type Receiver = (chunk: Buffer, buffer: Buffer) => boolean;

/** A socket that is read into buffers which are used again, from one stock for all feeds. */
export class Feed {
  readonly socket: Socket;
  receive: Receiver = () => true;

  constructor(port: number) {
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        // Asked once a read has been handed over, for the buffer of the next one.
        buffer: () => spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes),
        callback: (bytes, memory) => {
          const buffer = memory as Buffer;
          return this.receive(bytes === buffer.length ? buffer : buffer.subarray(0, bytes), buffer);
        },
      },
    });
  }

  release(buffer: Buffer): void {
    spare.push(buffer);
  }

  resume(): void {
    this.socket.resume();
  }
}
