import { createHmac } from 'node:crypto';
import { cookieValue } from '../http/cookies.ts';
import type { RequestOrigin } from './balance/balancer.ts';
import type { ServerState } from './server-state.ts';
import type { StickyOptions } from './sticky-schema.ts';

/** Characters of a cookie's value; 72 bits. */
const VALUE_LENGTH = 12;

/**
 * The cookie that names the server a client has been served by. Its value is a keyed hash of the server's URL: it reveals
 * no address, and is the same in every worker and after a restart. What names no server of ours is as good as none.
 */
export class StickyCookie {
  readonly #options: StickyOptions;
  readonly #servers = new Map<string, ServerState>();
  readonly #values = new Map<ServerState, string>();

  /** `leaving`: those that keep the clients they have and get no others. */
  constructor(options: StickyOptions, servers: readonly ServerState[], leaving: readonly ServerState[] = []) {
    this.#options = options;
    for (const state of [...servers, ...leaving]) {
      const hash = createHmac('sha256', options.secret).update(state.id).digest('base64url');
      const value = hash.slice(0, VALUE_LENGTH);
      this.#servers.set(value, state);
      if (!leaving.includes(state)) this.#values.set(state, value);
    }
  }

  /** The server that the client's cookie names. */
  find({ request }: RequestOrigin): ServerState | undefined {
    const value = cookieValue(request.headers, this.#options.cookie);
    return value === undefined ? undefined : this.#servers.get(value);
  }

  /**
   * The Set-Cookie field for a client that is served by this server; undefined where it has that cookie already, and where
   * the server is to get no more clients, or is none of the upstream's any more.
   */
  fieldFor(origin: RequestOrigin, state: ServerState): string | undefined {
    if (this.find(origin) === state) return undefined;
    const value = this.#values.get(state);
    if (value === undefined) return undefined;
    const secure = origin.client.scheme === 'https' ? '; Secure' : '';
    return `${this.#options.cookie}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}`;
  }
}
