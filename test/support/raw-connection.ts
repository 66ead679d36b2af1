import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { parseResponse, type RawResponse } from './parse-response.ts';
import { within } from './until.ts';

/** How the peer left: an orderly end, or a reset. */
export type Ending = 'end' | 'reset';

const BOUND = 15_000;

/**
 * One end of a TCP connection, on which a test writes the bytes it wants and sees those it gets: a client that reads
 * responses strictly, or a backend that does as it likes.
 */
export class RawConnection implements Disposable {
  /** Settles when the peer has sent its last byte, or has reset the connection. */
  readonly ended: Promise<Ending>;
  readonly socket: Socket;
  /** Bytes received since the start. */
  bytesReceived = 0;

  #chunks: Buffer[] = [];
  #unread = 0;
  #ending: Ending | undefined;
  #wake = new Set<() => void>();

  /** @param socket connected, with `allowHalfOpen` */
  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.bytesReceived += chunk.length;
      this.#chunks.push(chunk);
      this.#unread += chunk.length;
      this.#notify();
    });
    this.ended = new Promise((resolve) => {
      const end = (how: Ending): void => {
        this.#ending ??= how;
        resolve(this.#ending);
        this.#notify();
      };
      socket.once('end', () => end('end'));
      socket.once('error', () => end('reset'));
      socket.once('close', () => end('end'));
    });
  }

  /** Connects to a port of 127.0.0.1. @throws the socket's error, such as ECONNREFUSED */
  static connect(port: number): Promise<RawConnection> {
    return RawConnection.open({ port, host: '127.0.0.1' });
  }

  /** Connects to an address of any kind. */
  static async open(address: NetConnectOpts): Promise<RawConnection> {
    const socket = connect({ ...address, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** Bytes received that no response has taken yet. */
  get unread(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0];
  }

  /** Writes bytes (strings are latin1) in one piece; settles when the kernel has them. */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
      this.socket.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  /**
   * Writes each byte as a write of its own, the next only when the kernel has the last and the event loop has
   * turned. Stops early when the peer has ended the connection: what it answered then is its answer.
   */
  async sendByteByByte(bytes: string | Uint8Array): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    for (let at = 0; at < data.length && this.#ending === undefined; at++) {
      await this.send(data.subarray(at, at + 1)).catch(() => {});
      await new Promise(setImmediate);
    }
  }

  /** Says that nothing more will be sent (FIN), and goes on reading. */
  halfClose(): void {
    this.socket.end();
  }

  /** Leaves with a reset (RST). */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** As a client: the next final response, parsed strictly. `method` is that of the request it answers. */
  async response(method = 'GET', bound = BOUND): Promise<RawResponse> {
    let wanted = 0;
    return this.#until(bound, `a response to ${method}`, () => {
      if (this.#unread < wanted && this.#ending === undefined) return undefined;
      const outcome = parseResponse(this.unread, method, this.#ending !== undefined);
      if ('response' in outcome) {
        this.#chunks = [this.unread.subarray(outcome.consumed)];
        this.#unread -= outcome.consumed;
        return outcome.response;
      }
      if (this.#ending) throw new Error(`connection ended (${this.#ending}) before the response`);
      wanted = this.#unread + outcome.missing;
      return undefined;
    });
  }

  /** Waits for at least `count` unread bytes. */
  async untilUnread(count: number, bound = BOUND): Promise<void> {
    await this.#until(bound, `${count} unread bytes`, () => {
      if (this.#unread >= count) return true;
      if (this.#ending) throw new Error(`connection ended (${this.#ending}) before`);
      return undefined;
    });
  }

  /** Waits until the unread bytes hold this text, and returns them all as latin1. */
  async untilText(text: string, bound = BOUND): Promise<string> {
    await this.#until(bound, JSON.stringify(text), () => {
      if (this.unread.includes(text, 0, 'latin1')) return true;
      if (this.#ending) throw new Error(`connection ended (${this.#ending}) before`);
      return undefined;
    });
    return this.unread.toString('latin1');
  }

  /** Waits for what the peer does next: it sends something, or it ends the connection. */
  nextEvent(bound = BOUND): Promise<'bytes' | Ending> {
    return this.#until(bound, 'bytes or the end', () => (this.#unread > 0 ? 'bytes' : this.#ending));
  }

  /**
   * Waits until the peer ends the connection, ends this side as well, and says how the peer did it; fails when bytes
   * came that no response took.
   */
  async end(bound = BOUND): Promise<Ending> {
    const ending = await within(bound, 'the peer ends the connection', this.ended);
    this.halfClose();
    if (this.#unread > 0) {
      throw new Error(
        `bytes after the last response: ${JSON.stringify(this.unread.toString('latin1', 0, 200))}`,
      );
    }
    return ending;
  }

  close(): void {
    this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #notify(): void {
    for (const wake of this.#wake) wake();
  }

  #until<T>(bound: number, what: string, look: () => T | undefined): Promise<T> {
    let check: (() => void) | undefined;
    const found = new Promise<T>((resolve, reject) => {
      check = (): void => {
        try {
          const value = look();
          if (value === undefined) return;
          // At once: what comes before the promise is heard of is for who looks next.
          if (check) this.#wake.delete(check);
          resolve(value);
        } catch (error) {
          reject(new Error((error as Error).message, { cause: error }));
        }
      };
      this.#wake.add(check);
      check();
    });
    return within(bound, what, found)
      .catch((error: unknown) => {
        const unread = JSON.stringify(this.unread.toString('latin1', 0, 300));
        throw new Error(`${(error as Error).message}; unread: ${unread}`, { cause: error });
      })
      .finally(() => {
        if (check) this.#wake.delete(check);
      });
  }
}

/** Sends one request on a connection of its own and reads its response. */
export async function exchange(
  port: number,
  request: string,
  method = request.split(' ', 1)[0],
): Promise<RawResponse> {
  using client = await RawConnection.connect(port);
  await client.send(request);
  // Awaited here: the connection must outlive the wait.
  const response = await client.response(method);
  return response;
}
