import type { RawConnection } from './raw-connection.ts';

/** A request's head as it stood on the wire. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Field lines, in order, as sent. */
  readonly lines: readonly string[];
  /** Every value of a field, in order. */
  values(name: string): string[];
}

/** Reads one request after the other off a backend's connection. */
export class RequestReader {
  readonly connection: RawConnection;
  #at = 0;

  constructor(connection: RawConnection) {
    this.connection = connection;
  }

  /** The next request's head. */
  async head(): Promise<RawRequest> {
    const [requestLine, ...lines] = (await this.through('\r\n\r\n')).slice(0, -4).split('\r\n');
    const [method, target, version] = requestLine.split(' ');
    return {
      method,
      target,
      version,
      lines,
      values: (name) =>
        lines
          .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
          .map((line) => line.slice(name.length + 1).trim()),
    };
  }

  /** So many bytes of body. */
  async body(length: number): Promise<Buffer> {
    await this.connection.untilUnread(this.#at + length);
    return this.#take(length);
  }

  /** Everything up to and with this text. */
  async through(text: string): Promise<string> {
    for (;;) {
      const { unread } = this.connection;
      const found = unread.indexOf(text, this.#at, 'latin1');
      if (found !== -1) return this.#take(found + text.length - this.#at).toString('latin1');
      await this.connection.untilUnread(unread.length + 1);
    }
  }

  #take(length: number): Buffer {
    const from = this.#at;
    this.#at += length;
    return this.connection.unread.subarray(from, this.#at);
  }
}
