import { get } from './message.ts';
import { field } from './parse-response.ts';
import { RawConnection } from './raw-connection.ts';
import { until } from './until.ts';

export interface LoadOptions {
  readonly port: number;
  /** What is asked for with GET. */
  readonly target?: string;
  /** The bytes of the next request, where that is more than a GET. */
  readonly request?: () => string;
  readonly connections: number;
  /** Requests on each connection; without it they go on until `stop`. */
  readonly each?: number;
}

/** Kept-alive connections that each ask for the same target again and again, every answer parsed strictly. */
export class Load {
  /** Statuses of the answers, in order of arrival. */
  readonly statuses: number[] = [];
  /** What befell a client besides an answer, after which it asks no more: this should stay empty. */
  readonly failures: string[] = [];
  /** Settles when every connection has had its answers. */
  readonly done: Promise<void>;
  #stopped = false;
  #options: LoadOptions;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.done = Promise.all(Array.from({ length: options.connections }, () => this.#connection())).then(
      () => {},
    );
  }

  /** How many answers had this status. */
  count(status: number, from = 0): number {
    return this.statuses.slice(from).filter((each) => each === status).length;
  }

  /** Waits until so many more answers of this status have come, counted from now; `bound` in milliseconds. */
  async untilMore(count: number, status: number, bound = 10_000): Promise<void> {
    const start = this.statuses.length;
    const what = `${count} answers of status ${status}`;
    await until(() => this.count(status, start) >= count, { what, within: bound });
  }

  /** Lets every connection finish the request that it is at. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.done;
  }

  async #connection(): Promise<void> {
    let client: RawConnection | undefined;
    try {
      for (let count = 0; !this.#stopped && count < (this.#options.each ?? Infinity); count++) {
        client ??= await RawConnection.connect(this.#options.port);
        await client.send(this.#options.request?.() ?? get(this.#options.target ?? '/'));
        const response = await client.response();
        this.statuses.push(response.status);
        if (/close/i.test(field(response, 'Connection') ?? '')) {
          client.close();
          client = undefined;
        }
      }
    } catch (error) {
      this.failures.push((error as Error).message);
    } finally {
      client?.close();
    }
  }
}
