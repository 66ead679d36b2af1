import { getSystemErrorName } from 'node:util';
import type { Endpoint, Peer } from '../core/peer.ts';
import { plainAddress } from './plain-address.ts';
import { ReadTarget } from './read-target.ts';
import { sendQueue } from './send-queues.ts';
import { END_OF_STREAM, streamBase } from './stream-handle.ts';
import type { SocketName, StreamBase, StreamHandle, WriteRequest } from './stream-handle.ts';
import { NOBODY } from './transport.ts';
import type { OpenTransport, TransportEvents } from './transport.ts';

// Handles come from `takeHandle` and from the listener alone, which look whether it is there.
const base = streamBase as StreamBase;
/** For the next write: what the system takes at once leaves no trace in it. */
let spare: WriteRequest | undefined;

/** Where handles write names: one object for all, since it is dear to give a new one its fields from outside. */
const name: SocketName = { address: undefined, family: undefined, port: undefined };
const NAMELESS: SocketName = { ...name };

/** The name of one end of a connection, good until the next is asked for; empty where it has none, or none any more. */
function nameOf(handle: StreamHandle, end: 'getpeername' | 'getsockname'): SocketName {
  return handle[end]?.(name) === 0 ? name : NAMELESS;
}

/** Who has connected to us. Which of our addresses that was is found out when somebody asks, while the connection lasts. */
class HandlePeer implements Peer {
  readonly address: string;
  readonly port: number;
  readonly secure = false;
  readonly #handle: StreamHandle;

  constructor(handle: StreamHandle) {
    this.#handle = handle;
    const { address, port } = nameOf(handle, 'getpeername');
    this.address = plainAddress(address);
    this.port = port ?? 0;
  }

  get destination(): Endpoint | undefined {
    const { address, port } = nameOf(this.#handle, 'getsockname');
    return port === undefined ? undefined : { address: plainAddress(address), port };
  }
}

/**
 * A transport over the handle of a connection, without a `net.Socket` between: what a socket adds (the events and
 * buffers of streams, timeouts, bookkeeping for each write) is there for others, and took a third of a small request's
 * JavaScript (docs/decisions/0011). Each write is handed to the system at once.
 */
export class HandleTransport implements OpenTransport {
  events: TransportEvents = NOBODY;
  readonly peer: Peer;
  readonly #handle: StreamHandle;
  readonly #target = new ReadTarget();
  /** What the handle reads into next. */
  #current: Buffer | undefined = undefined;
  #reading = false;
  /** Bytes of writes that the system has not taken whole; once it is closed, those that it had not taken then. */
  #pending = 0;
  /** The other side will send no more. */
  #ended = false;
  /** We have said that we will send no more: it is on its way, or is `#shut`. */
  #ending = false;
  #shut = false;
  #closing = false;
  /** The handle could not be closed. */
  #stuck = false;

  /** Called for a connection that stands and has not been read from. `peer`: undefined for one that was accepted. */
  constructor(handle: StreamHandle, peer?: Peer) {
    this.#handle = handle;
    this.peer = peer ?? new HandlePeer(handle);
  }

  open(events: TransportEvents): void {
    this.events = events;
    this.#current = this.#target.next;
    this.#handle.onread = () => this.#read();
    this.#handle.useUserBuffer(this.#current);
    this.resume();
  }

  get pending(): number {
    return this.#pending;
  }

  get unsent(): number {
    return this.#closing ? this.#pending : Math.min(this.#pending, this.#handle.writeQueueSize);
  }

  get stuck(): boolean {
    return this.#stuck;
  }

  queued(): Promise<number> {
    const port = this.#closing ? undefined : nameOf(this.#handle, 'getsockname').port;
    return port === undefined ? Promise.resolve(0) : sendQueue(port, this.peer.address, this.peer.port);
  }

  write(data: string | Buffer): boolean {
    if (this.#closing) return true;
    const request = (spare ??= new base.WriteWrap());
    const error =
      typeof data === 'string'
        ? this.#handle.writeLatin1String(request, data)
        : this.#handle.writeBuffer(request, data);
    return this.#written(error, request, data.length, data);
  }

  writeBoth(head: string, data: Buffer, tail: string): boolean {
    if (this.#closing) return true;
    const request = (spare ??= new base.WriteWrap());
    const chunks: unknown[] = head === '' ? [data, 'buffer'] : [head, 'latin1', data, 'buffer'];
    if (tail !== '') chunks.push(tail, 'latin1');
    const error = this.#handle.writev(request, chunks, false);
    return this.#written(error, request, head.length + data.length + tail.length, chunks);
  }

  pause(): void {
    if (this.#closing || !this.#reading) return;
    this.#reading = false;
    this.#handle.readStop();
  }

  resume(): void {
    // Twice is an error of libuv's (EALREADY).
    if (this.#closing || this.#ended || this.#reading) return;
    this.#reading = true;
    const error = this.#handle.readStart();
    if (error !== 0) this.#fail(error, 'read');
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
    if (this.#closing || this.#ending) return;
    this.#ending = true;
    const request = new base.ShutdownWrap();
    request.oncomplete = () => this.#saidAll();
    const error = this.#handle.shutdown(request);
    // The other side has gone already, which reading tells.
    if (error !== 0) this.#saidAll();
  }

  destroy(): void {
    this.#close(undefined);
  }

  reset(): void {
    if (this.#closing) return;
    // There is no such thing but on TCP. While the end that was said before is on its way it fails (EINVAL), and a handle
    // whose reset has failed can never be closed.
    if (this.#handle.reset === undefined || this.#ending !== this.#shut) return this.destroy();
    this.#pending = this.unsent;
    this.#closing = true;
    const closed = (): void => this.#closed(undefined);
    if (this.#handle.reset(closed) === 0) return;
    this.#stuck = true;
    setImmediate(closed);
  }

  #read(): Buffer | undefined {
    const length = base.streamBaseState[base.kReadBytesOrError];
    if (length > 0) {
      const target = this.#target;
      target.reading();
      this.events.data(this.#current as Buffer, length);
      target.read();
      // Nothing where it stays the same: the handle goes on with the one it has, which is cheaper.
      if (target.next === this.#current) return undefined;
      this.#current = target.next;
      return this.#current;
    }
    if (length === END_OF_STREAM) {
      this.#ended = true;
      this.events.ended();
      if (this.#shut) this.destroy();
    } else if (length < 0) {
      this.#fail(length, 'read');
    }
    return undefined;
  }

  /** A write was handed over; `lent` is what libuv reads from until the system has taken it all. */
  #written(error: number, request: WriteRequest, bytes: number, lent: unknown): boolean {
    if (error !== 0) {
      spare = undefined;
      this.#fail(error, 'write');
      return true;
    }
    if (base.streamBaseState[base.kLastWriteWasAsync] === 0) return true;
    spare = undefined;
    this.#pending += bytes;
    request.lent = lent;
    request.oncomplete = (status) => this.#taken(status, bytes);
    return false;
  }

  #taken(status: number, bytes: number): void {
    if (this.#closing) return;
    // How much of it was taken is not known any more.
    if (status < 0) return this.#fail(status, 'write', this.#pending);
    this.#pending -= bytes;
    if (this.#pending === 0) this.events.drained();
  }

  #saidAll(): void {
    this.#shut = true;
    if (this.#ended) this.destroy();
  }

  #fail(errno: number, syscall: string, unsent = this.unsent): void {
    const code = getSystemErrorName(errno);
    this.#close(Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall }), unsent);
  }

  #close(error: NodeJS.ErrnoException | undefined, unsent = this.unsent): void {
    if (this.#closing) return;
    this.#pending = unsent;
    this.#closing = true;
    this.#handle.close(() => this.#closed(error));
  }

  #closed(error: NodeJS.ErrnoException | undefined): void {
    this.#target.drop();
    this.events.closed(error);
  }
}
