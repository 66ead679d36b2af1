import type { Peer } from '../core/peer.ts';
import type { ClientConnection } from '../http1/client-connection.ts';
import { encodeProxyHeader } from '../net/encode-proxy-header.ts';
import type { ProxyProtocolVersion } from '../net/encode-proxy-header.ts';

/**
 * Which connections were announced for which client. What a server has been told at the beginning of a connection holds
 * for all that comes over it, so that requests of others must not: a connection is used again only where the same header
 * would be sent, which is to say by the same connection of the same client.
 */
export class AnnouncedConnections {
  readonly #version: ProxyProtocolVersion;
  readonly #headers = new WeakMap<ClientConnection, string>();

  constructor(version: ProxyProtocolVersion) {
    this.#version = version;
  }

  add(connection: ClientConnection, client: Peer | undefined): void {
    this.#headers.set(connection, encodeProxyHeader(this.#version, client));
  }

  /** The place of one that this client may use, the last that was kept; -1 when there is none. */
  find(kept: readonly ClientConnection[], client: Peer | undefined): number {
    const header = encodeProxyHeader(this.#version, client);
    return kept.findLastIndex((each) => each.free && this.#headers.get(each) === header);
  }
}
