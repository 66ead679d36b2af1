import { nodeBinding } from './node-binding.ts';

/** What a handle is asked to remember of a write that the system has not taken whole. */
export interface WriteRequest {
  oncomplete: (status: number) => void;
  /** Kept here until then, since the collector does not see that libuv still reads it. */
  lent: unknown;
}

interface ShutdownRequest {
  oncomplete: () => void;
}

/** Filled in by `getpeername` and `getsockname`. */
export interface SocketName {
  address: string | undefined;
  family: string | undefined;
  port: number | undefined;
}

/**
 * A stream of libuv in the form that `node:net` itself works with (src/stream_base.cc of Node.js). It is not documented, and
 * docs/decisions/0011 has the reasons and the measurement. What returns a number returns 0 or a negative error of libuv.
 */
export interface StreamHandle {
  /** Bytes have come, or there is an error, or the end: `streamBaseState[kReadBytesOrError]` tells. Answers the next buffer, or nothing. */
  onread: () => Uint8Array | undefined;
  /** Bytes of writes that the system has not taken yet. */
  readonly writeQueueSize: number;
  /** Read into this from now on. Called once: each call would be remembered until the handle is closed. */
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  /** Unless `allBuffers`, each chunk is followed by its encoding. */
  writev(request: WriteRequest, chunks: readonly unknown[], allBuffers: boolean): number;
  shutdown(request: ShutdownRequest): number;
  close(closed: () => void): void;
  // These are there for TCP only.
  reset?(closed: () => void): number;
  setNoDelay?(on: boolean): number;
  getpeername?(into: SocketName): number;
  getsockname?(into: SocketName): number;
}

/** What goes with the handles. */
export interface StreamBase {
  readonly WriteWrap: new () => WriteRequest;
  readonly ShutdownWrap: new () => ShutdownRequest;
  /** How the last call ended, at these places. */
  readonly streamBaseState: Readonly<Int32Array>;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

/** The end of what the other side sends, as libuv writes it (`UV_EOF`). */
export const END_OF_STREAM = -4095;

/** What is used of a handle, whatever it is of. */
const METHODS = [
  'readStart',
  'readStop',
  'useUserBuffer',
  'writeLatin1String',
  'writeBuffer',
  'writev',
  'shutdown',
  'close',
] as const satisfies readonly (keyof StreamHandle)[];

/** Undefined where this Node.js does not have it, or not in this form: then there are the sockets of `node:net`. */
export const streamBase: StreamBase | undefined = findStreamBase();

function findStreamBase(): StreamBase | undefined {
  const handles = [nodeBinding('tcp_wrap')?.['TCP'], nodeBinding('pipe_wrap')?.['Pipe']];
  const found = nodeBinding('stream_wrap') as Partial<StreamBase> | undefined;
  const complete =
    handles.every(
      (handle) => typeof handle === 'function' && METHODS.every((name) => name in handle.prototype),
    ) &&
    typeof found?.WriteWrap === 'function' &&
    typeof found.ShutdownWrap === 'function' &&
    ArrayBuffer.isView(found.streamBaseState) &&
    typeof found.kReadBytesOrError === 'number' &&
    typeof found.kLastWriteWasAsync === 'number';
  return complete ? (found as StreamBase) : undefined;
}

/**
 * Take the handle out of a socket that is connected and has not been read from. Nothing of the socket stays: the handle knows
 * it by a symbol, and would keep it alive for as long as the connection lasts.
 */
export function takeHandle(socket: object): StreamHandle {
  const shell = socket as { _handle: StreamHandle | null };
  const handle = shell._handle as StreamHandle & Record<symbol, unknown>;
  shell._handle = null;
  for (const key of Object.getOwnPropertySymbols(handle)) {
    if (handle[key] === socket) handle[key] = undefined;
  }
  return handle;
}
