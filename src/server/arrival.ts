import { newRequestId } from '../core/request-id.ts';
import { errorInfo } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Peer } from '../core/peer.ts';
import type { ProxiedAddresses } from '../net/proxy-header.ts';
import { ProxyHeaderReader } from '../net/proxy-header-reader.ts';
import type { ProxyHeaderOwner } from '../net/proxy-header-reader.ts';
import type { OpenTransport } from '../net/transport.ts';
import type { AccessLog } from '../observe/access-log.ts';

/** Where connections go whose proxy has said whose they are. */
export interface ArrivalOwner {
  /** Serve it: `peer` is the client, `rest` what it has sent already. */
  arrived(arrival: Arrival, transport: OpenTransport, peer: Peer, rest: Buffer | undefined): void;
  /** It has closed before that, and is logged where there is something to say. */
  departed(arrival: Arrival): void;
}

/** A connection from a proxy in front of us that has yet to say, by the PROXY protocol, whose it is. */
export class Arrival implements ProxyHeaderOwner {
  readonly #owner: ArrivalOwner;
  readonly #accessLog: AccessLog;
  readonly #reader: ProxyHeaderReader;
  readonly #transport: OpenTransport;

  /** `timeout` of the header, in milliseconds. */
  constructor(transport: OpenTransport, owner: ArrivalOwner, accessLog: AccessLog, timeout: number) {
    this.#owner = owner;
    this.#accessLog = accessLog;
    this.#reader = new ProxyHeaderReader(this, timeout);
    this.#transport = transport;
    this.#reader.attach(transport);
    transport.open(this.#reader);
  }

  /** Close it: the server stops. */
  destroy(): void {
    this.#transport.destroy();
  }

  // ---- ProxyHeaderOwner

  announced(addresses: ProxiedAddresses | undefined, rest: Buffer | undefined): void {
    const transport = this.#transport;
    this.#owner.arrived(
      this,
      transport,
      addresses === undefined ? transport.peer : clientOf(addresses),
      rest,
    );
  }

  refused(code: ErrorCode | undefined): void {
    if (code !== undefined) logRefusal(this.#accessLog, this.#transport.peer.address, code);
    this.#owner.departed(this);
  }
}

function clientOf({ source, destination }: ProxiedAddresses): Peer {
  return { address: source.address, port: source.port, secure: false, destination };
}

/** The line of a connection that was closed without an answer, since nobody knows whether its other end speaks HTTP. */
export function logRefusal(log: AccessLog, ip: string, error: ErrorCode): void {
  const { status } = errorInfo(error);
  log.request({
    id: newRequestId(),
    ip,
    method: '',
    host: '',
    path: '',
    status,
    bytes: 0,
    latencyMs: 0,
    error,
  });
}
