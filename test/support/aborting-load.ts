import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../fuzz/random.ts';
import { head } from './message.ts';
import { field } from './parse-response.ts';
import { RawConnection } from './raw-connection.ts';

/** Most are small, since large ones take the time of many; some do not fit into what is kept in memory. */
const BODIES = [0, 0, 10, 10, 10, 10, 1000, 1000, 1000, 1000, 70_000, 200_000].map((length) =>
  Buffer.alloc(length, 'x'),
);

const LAST = Buffer.from('\r\n0\r\n\r\n');

/** Clients that ask for this and that, and leave a quarter of the time: in a request, before its answer, in it. */
export class AbortingLoad {
  /** Requests of which at least a part was sent. */
  sent = 0;
  /** Answers that came whole, by status. */
  readonly answers = new Map<number, number>();
  /** Requests from which the client went away. */
  left = 0;
  /** Requests whose connection the server ended. */
  broken = 0;
  readonly #port: number;
  readonly #random: Random;

  constructor(port: number, seed: number) {
    this.#port = port;
    this.#random = new Random(seed);
  }

  /** So many requests more, over this many connections at a time, all of which are closed at the end. */
  async run(requests: number, connections: number): Promise<void> {
    const end = this.sent + requests;
    await Promise.all(Array.from({ length: connections }, () => this.#client(end)));
  }

  async #client(end: number): Promise<void> {
    let kept: RawConnection | undefined;
    while (this.sent < end) {
      this.sent++;
      const client = kept ?? (await this.#connect());
      const { method, bytes } = this.#request();
      const stays = this.#random.once(4)
        ? this.#leave(client, bytes)
        : this.#ask(client, method, bytes).catch(() => this.#lose(client));
      kept = (await stays) ? client : undefined;
    }
    kept?.close();
  }

  /** From one of several addresses, which have more ports than one. */
  #connect(): Promise<RawConnection> {
    const localAddress = `127.0.0.${1 + this.#random.below(8)}`;
    return RawConnection.open({ host: '127.0.0.1', port: this.#port, localAddress });
  }

  #lose(client: RawConnection): false {
    this.broken++;
    client.close();
    return false;
  }

  /** Answers whether the connection can be used again. */
  async #ask(client: RawConnection, method: string, bytes: Buffer): Promise<boolean> {
    // An answer may come before all of it is taken.
    client.send(bytes).catch(() => {});
    const response = await client.response(method);
    this.answers.set(response.status, (this.answers.get(response.status) ?? 0) + 1);
    const closes = /close/i.test(field(response, 'Connection') ?? '');
    if (closes) client.close();
    return !closes;
  }

  async #leave(client: RawConnection, bytes: Buffer): Promise<false> {
    const random = this.#random;
    this.left++;
    client
      .send(bytes.subarray(0, random.once(2) ? bytes.length : random.below(bytes.length) + 1))
      .catch(() => {});
    if (random.once(2)) await pause(random.below(8));
    if (random.once(2)) client.reset();
    else client.close();
    return false;
  }

  #request(): { method: string; bytes: Buffer } {
    const random = this.#random;
    const method = random.pick(['GET', 'GET', 'GET', 'HEAD', 'PUT', 'POST']);
    const line = `${method} /${random.below(1000)} HTTP/1.1`;
    if (!method.startsWith('P')) return { method, bytes: Buffer.from(head(line, 'Host: a')) };
    const body = random.pick(BODIES);
    if (random.once(2)) {
      const start = head(line, 'Host: a', `Content-Length: ${body.length}`);
      return { method, bytes: Buffer.concat([Buffer.from(start), body]) };
    }
    const start = head(line, 'Host: a', 'Transfer-Encoding: chunked');
    if (body.length === 0) return { method, bytes: Buffer.from(`${start}0\r\n\r\n`) };
    const chunkStart = Buffer.from(`${start}${body.length.toString(16)}\r\n`);
    return { method, bytes: Buffer.concat([chunkStart, body, LAST]) };
  }
}
