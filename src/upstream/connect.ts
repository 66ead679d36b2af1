import { Deadline } from '../core/deadline.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Peer } from '../core/peer.ts';
import { encodeProxyHeader } from '../net/encode-proxy-header.ts';
import type { ProxyProtocolVersion } from '../net/encode-proxy-header.ts';
import { SocketTransport } from '../net/socket-transport.ts';
import type { ConnectTarget } from '../net/socket-transport.ts';
import { TlsClient, tlsContext } from '../net/tls-client.ts';
import type { HandshakeFailure } from '../net/tls-client.ts';
import type { OpenTransport, TransportEvents } from '../net/transport.ts';
import type { UpstreamOptions, UpstreamServer } from './schema.ts';

/** Why a connection could not be made. */
export interface ConnectFailure {
  readonly code: ErrorCode;
  /** The system's error code, such as ECONNREFUSED, or that of TLS. */
  readonly detail: string | undefined;
  /** What a person should know besides, where it is TLS that failed. */
  readonly explanation: string | undefined;
}

/** Who wants a connection. Exactly one of these is called, once, and never before `connect` has returned. */
export interface ConnectEvents {
  /** It stands. Whoever takes it sets `transport.events`. */
  connected(transport: OpenTransport): void;
  /** It could not be made, or was given up: see `Attempt.cancelled`. */
  failed(failure: ConnectFailure): void;
}

/** Makes connections to one server, in the way that its upstream is configured for. */
export class Connector {
  readonly #target: ConnectTarget;
  readonly #timeout: number;
  readonly #proxyProtocol: ProxyProtocolVersion | undefined;

  constructor(server: UpstreamServer, options: UpstreamOptions) {
    this.#target = targetOf(server, options);
    this.#timeout = options.timeouts.connect;
    this.#proxyProtocol = options.proxyProtocol;
  }

  /** Begin to connect; `client` is who is told of where the upstream wants to know, undefined for a purpose of our own. */
  connect(events: ConnectEvents, client?: Peer): Attempt {
    const header = this.#proxyProtocol && encodeProxyHeader(this.#proxyProtocol, client);
    const attempt = new Attempt(events, header);
    attempt.start(this.#target, this.#timeout);
    return attempt;
  }
}

/** A connection on its way, until it is made or has failed. */
export class Attempt implements TransportEvents {
  /** Nobody waits for it any more. */
  cancelled = false;
  readonly #events: ConnectEvents;
  readonly #greeting: string | undefined;
  readonly #deadline: Deadline<'connect'>;
  #transport: SocketTransport | undefined = undefined;
  #timedOut = false;

  /** `greeting`: sent as soon as the connection stands, before TLS. */
  constructor(events: ConnectEvents, greeting: string | undefined) {
    this.#events = events;
    this.#greeting = greeting;
    this.#deadline = new Deadline(this);
  }

  /** Called once, by the connector. `timeout` in milliseconds; 0 waits for as long as the system does. */
  start(target: ConnectTarget, timeout: number): void {
    this.#deadline.arm('connect', timeout);
    const connected = (transport: OpenTransport): void => this.#connected(transport);
    this.#transport = SocketTransport.connecting(target, this, connected, this.#greeting);
  }

  /** Give it up. */
  cancel(): void {
    this.cancelled = true;
    this.#transport?.destroy();
  }

  /** From the deadline. */
  expired(): void {
    this.#timedOut = true;
    this.#transport?.destroy();
  }

  // ---- TransportEvents, as long as it is on its way

  data(): void {}
  ended(): void {}
  drained(): void {}

  closed(error: NodeJS.ErrnoException | undefined): void {
    this.#deadline.release();
    const handshake = this.#timedOut ? undefined : this.#transport?.handshakeFailure;
    const code = handshake === undefined ? connectError(error, this.#timedOut) : tlsError(handshake);
    this.#events.failed({ code, detail: error?.code, explanation: handshake?.explanation });
  }

  #connected(transport: OpenTransport): void {
    this.#deadline.release();
    this.#transport = undefined;
    this.#events.connected(transport);
  }
}

function targetOf(server: UpstreamServer, options: UpstreamOptions): ConnectTarget {
  const { hostname, address, port, path, secure } = server;
  if (path !== undefined) return { path };
  return {
    host: address ?? options.resolve.static[hostname.toLowerCase()] ?? hostname,
    port,
    tls: secure ? new TlsClient(contextOf(options), options.tls, hostname) : undefined,
  };
}

/** The servers of an upstream share what was read from the files. */
const contexts = new WeakMap<UpstreamOptions, ReturnType<typeof tlsContext>>();

function contextOf(options: UpstreamOptions): ReturnType<typeof tlsContext> {
  const context = contexts.get(options) ?? tlsContext(options.tls);
  contexts.set(options, context);
  return context;
}

function tlsError({ certificate }: HandshakeFailure): ErrorCode {
  return certificate ? 'upstream.tls-certificate' : 'upstream.tls-failed';
}

function connectError(error: NodeJS.ErrnoException | undefined, timedOut: boolean): ErrorCode {
  if (timedOut || error?.code === 'ETIMEDOUT') return 'upstream.connect-timeout';
  return error?.code === 'ENOTFOUND' || error?.code === 'EAI_AGAIN'
    ? 'upstream.unresolved'
    : 'upstream.connect-failed';
}
