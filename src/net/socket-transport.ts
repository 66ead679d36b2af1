import * as net from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { Endpoint, Peer } from '../core/peer.ts';
import { sharedReadBuffer } from '../core/read-buffer.ts';
import { Burst } from './burst.ts';
import { HandleTransport } from './handle-transport.ts';
import { plainAddress } from './plain-address.ts';
import { ReadTarget } from './read-target.ts';
import { streamBase, takeHandle } from './stream-handle.ts';
import { handshakeFailure } from './tls-client.ts';
import type { HandshakeFailure, TlsClient } from './tls-client.ts';
import { sendQueue } from './send-queues.ts';
import { NOBODY } from './transport.ts';
import type { OpenTransport, TransportEvents } from './transport.ts';

/** Who has connected to us. Which of our addresses that was is found out when somebody asks. */
class SocketPeer implements Peer {
  readonly address: string;
  readonly port: number;
  readonly secure = false;
  /** The socket that the connection is read through. */
  carrier: net.Socket | undefined = undefined;

  /** `accepted`: asked while it is certain; who has left since has no address any more. */
  constructor(accepted: net.Socket) {
    this.address = plainAddress(accepted.remoteAddress);
    this.port = accepted.remotePort ?? 0;
  }

  get destination(): Endpoint | undefined {
    const { localAddress, localPort } = this.carrier ?? {};
    return localPort === undefined ? undefined : { address: plainAddress(localAddress), port: localPort };
  }
}

/** Where to connect to: a host and port, or a unix socket's path. */
export interface ConnectTarget {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  /** Finds the addresses of `host`; where it is not given, the system is asked. */
  readonly lookup?: net.LookupFunction | undefined;
  /** Speak TLS. */
  readonly tls?: TlsClient | undefined;
}

/**
 * A transport over a `net.Socket` that reads into a buffer of ours instead of a new one per read. Write acceptance
 * is exact: the high-water mark of one byte makes the socket say `drain` as soon as nothing is left to write.
 */
export class SocketTransport implements OpenTransport {
  readonly peer: Peer;
  events: TransportEvents;
  #socket: net.Socket;
  readonly #onread: net.OnReadOpts;
  readonly #target = new ReadTarget();
  /** What the socket has in hand to read into. */
  #current: Buffer | undefined = undefined;
  /** On its way, and will be read here: another handle, which has no buffer in hand, may take the first one's place (RFC 8305). */
  #connecting = false;
  /** Connected, and TLS is being agreed on. */
  #handshaking: TLSSocket | undefined = undefined;
  /** There where more may come while reading is paused. */
  readonly #burst: Burst | undefined;
  #stalled = false;
  #error: NodeJS.ErrnoException | undefined = undefined;

  /** Called through `accepted` and `connecting`. */
  private constructor(
    makeSocket: (onread: net.OnReadOpts) => net.Socket,
    peer: Peer,
    events: TransportEvents,
    connecting = false,
    burst?: Burst,
  ) {
    this.events = events;
    this.#burst = burst;
    this.#connecting = connecting;
    // It is read from for long, and by nobody who is done with what has come when he returns.
    if (connecting) this.holdBuffer();
    this.#onread = {
      buffer: () => this.#bufferForNextRead(),
      callback: (length, bytes) => {
        if (burst?.paused === true) {
          burst.add(bytes as Buffer, length);
          return true;
        }
        this.#target.reading();
        this.events.data(bytes as Buffer, length);
        this.#target.read();
        return true;
      },
    };
    this.#socket = this.#listenTo(makeSocket(this.#onread));
    this.peer = peer;
  }

  /** Take over a connection that a server has accepted (paused, see `listen`). It is read from soon: see `open`. */
  static accepted(socket: net.Socket): SocketTransport {
    const peer = new SocketPeer(socket);
    const holder = socket as unknown as { _handle: unknown };
    const handle = holder._handle;
    holder._handle = null;
    return new SocketTransport(
      (onread) => {
        // `handle` is not among the documented options; docs/decisions/0004 has the reasons and the measurement.
        const options = { handle, allowHalfOpen: true, writableHighWaterMark: 1, onread };
        peer.carrier = new net.Socket(options as net.SocketConstructorOpts);
        return peer.carrier;
      },
      peer,
      NOBODY,
    );
  }

  /**
   * Connect to a server. Events come from now on; `connected` when bytes can be sent, else `closed` with the reason.
   * Reads go into a buffer of its own from the start. `greeting`: what is sent first of all, before TLS. `connected` gets
   * the transport to go on with: where the connection can do without its socket, another one.
   */
  static connecting(
    target: ConnectTarget,
    events: TransportEvents,
    connected: (transport: OpenTransport) => void,
    greeting?: string,
  ): SocketTransport {
    const { tls, ...address } = target;
    const leaves = tls === undefined && streamBase !== undefined;
    const options = { ...address, noDelay: true, allowHalfOpen: true };
    const peer = { address: target.host ?? 'unix', port: target.port ?? 0, secure: tls !== undefined };
    let secured: TLSSocket | undefined;
    const transport = new SocketTransport(
      (onread) => {
        // What is said before TLS is written to a socket that knows nothing of it, and that TLS is put around afterwards.
        if (tls === undefined || greeting !== undefined) {
          const reads = tls === undefined && streamBase === undefined ? { onread } : undefined;
          const socket = net.connect({
            ...options,
            writableHighWaterMark: 1,
            ...reads,
          } as net.NetConnectOpts);
          return tls === undefined && streamBase !== undefined ? socket.pause() : socket;
        }
        secured = tls.connect({ ...options, highWaterMark: 1, onread } as ConnectionOptions);
        return secured;
      },
      peer,
      events,
      !leaves,
      tls && new Burst(),
    );
    const shaken = (): void => {
      transport.#handshaking = undefined;
      connected(transport);
    };
    transport.#socket.once('connect', () => {
      transport.#connecting = false;
      if (leaves) return connected(transport.#leave(greeting));
      if (greeting !== undefined) transport.#socket.write(greeting, 'latin1');
      if (tls !== undefined && secured === undefined)
        secured = transport.#secure(tls).once('secureConnect', shaken);
      transport.#handshaking = secured;
      if (secured === undefined) connected(transport);
    });
    secured?.once('secureConnect', shaken);
    return transport;
  }

  /** Reading began when it was made; nothing is told before this turn of the event loop ends. */
  open(events: TransportEvents): void {
    this.events = events;
  }

  /** Go on without the socket, now that it is connected, and leave nothing behind that could tell of it. */
  #leave(greeting: string | undefined): HandleTransport {
    const { events } = this;
    const bare = new HandleTransport(takeHandle(this.#socket), this.peer);
    this.events = NOBODY;
    this.#socket.removeAllListeners();
    bare.holdBuffer();
    bare.open(events);
    if (greeting !== undefined) bare.write(greeting);
    return bare;
  }

  /** Put TLS around the socket. `onread` is not taken there, so that reads come as buffers that are nobody else's. */
  #secure(tls: TlsClient): TLSSocket {
    const bare = this.#socket;
    const secured = tls.connect({ socket: bare, highWaterMark: 1 } as ConnectionOptions);
    this.#listenTo(secured).on('data', (bytes: Buffer) => this.#onread.callback(bytes.length, bytes));
    this.#socket = secured;
    return secured;
  }

  /** One that TLS was put around is of no interest any more but for its error. */
  #listenTo(socket: net.Socket): net.Socket {
    socket.on('end', () => {
      // An alert of TLS is an error first, and then the end.
      if (this.#error !== undefined || socket !== this.#socket) return;
      if (this.#burst?.paused === true) this.#burst.ended = true;
      else this.events.ended();
    });
    socket.on('error', (error) => {
      this.#error = error;
      // Is not done already where it is an alert of TLS.
      socket.destroy();
    });
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.#target.drop();
      this.events.closed(this.#error);
    });
    return socket;
  }

  /** Why TLS was not agreed on, once it is closed; undefined where that was not the reason. */
  get handshakeFailure(): HandshakeFailure | undefined {
    return this.#handshaking === undefined ? undefined : handshakeFailure(this.#handshaking, this.#error);
  }

  get pending(): number {
    return this.#socket.writableLength;
  }

  get unsent(): number {
    const { _handle: handle } = this.#socket as unknown as { _handle: { writeQueueSize?: number } | null };
    const waiting = this.#socket.writableLength;
    return Math.min(waiting, handle?.writeQueueSize ?? waiting);
  }

  queued(): Promise<number> {
    const { localPort } = this.#socket;
    const { address, port } = this.peer;
    return localPort === undefined ? Promise.resolve(0) : sendQueue(localPort, address, port);
  }

  write(data: string | Buffer): boolean {
    const socket = this.#socket;
    if (typeof data === 'string') socket.write(data, 'latin1');
    else socket.write(data);
    return socket.writableLength === 0 || this.#stall();
  }

  writeBoth(head: string, data: Buffer, tail: string): boolean {
    const socket = this.#socket;
    socket.cork();
    if (head !== '') socket.write(head, 'latin1');
    socket.write(data);
    if (tail !== '') socket.write(tail, 'latin1');
    socket.uncork();
    return socket.writableLength === 0 || this.#stall();
  }

  pause(): void {
    if (this.#burst !== undefined) this.#burst.paused = true;
    this.#socket.pause();
  }

  resume(): void {
    const burst = this.#burst;
    if (burst !== undefined) {
      burst.paused = false;
      for (let kept = burst.take(); kept !== undefined; kept = burst.take()) {
        this.events.data(kept, kept.length);
        if (this.#socket.destroyed) return;
      }
      if (burst.paused) return;
      if (burst.takeEnd()) this.events.ended();
    }
    this.#socket.resume();
  }

  holdBuffer(): Buffer {
    return this.#target.hold();
  }

  releaseBuffer(lent: boolean): void {
    this.#target.release(lent);
  }

  replaceBuffer(): void {
    this.#target.replace();
  }

  end(): void {
    this.#socket.end();
    // A stream that is ending says `finish` instead of `drain`.
    if (this.#stalled) this.#socket.once('finish', () => this.events.drained());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  reset(): void {
    const socket = this.#socket;
    // There is no such thing but on TCP alone, and none while the end that was said before is on its way (EINVAL).
    const bare = this.peer.address !== 'unix' && !this.peer.secure;
    if (bare && socket.writableEnded === socket.writableFinished) socket.resetAndDestroy();
    else socket.destroy();
  }

  /** Nothing where it stays the same: the socket goes on with the one it has, which is cheaper. */
  #bufferForNextRead(): Buffer {
    const next = this.#burst?.paused === true ? sharedReadBuffer : this.#target.next;
    if (next === this.#current) return undefined as unknown as Buffer;
    if (!this.#connecting) this.#current = next;
    return next;
  }

  #stall(): false {
    if (!this.#stalled) {
      this.#stalled = true;
      this.#socket.once('drain', () => {
        this.#stalled = false;
        this.events.drained();
      });
    }
    return false;
  }
}
