/** One end of a connection. */
export interface Endpoint {
  /** IP address in its shortest form (`127.0.0.1`, never `::ffff:127.0.0.1`). */
  readonly address: string;
  readonly port: number;
}

/** The other end of a connection. */
export interface Peer {
  /** IP address in its shortest form (`127.0.0.1`, never `::ffff:127.0.0.1`), or `unix` for a unix socket. */
  readonly address: string;
  readonly port: number;
  /** Whether it came over TLS. */
  readonly secure: boolean;
  /** What it has connected to; undefined where that is no IP address, or is not known any more. */
  readonly destination?: Endpoint | undefined;
}

/** The address of a peer on a unix socket. */
export const UNIX_PEER = 'unix';
