/**
 * Passes bytes on: other heads in place of those that it has seen before, all else as it comes. It knows nothing of what it
 * passes back, so that each client has a connection to a backend of its own.
 */
import { Listener } from '../../../src/net/listener.ts';
import { SocketTransport } from '../../../src/net/socket-transport.ts';
import { NOBODY } from '../../../src/net/transport.ts';
import type { OpenTransport } from '../../../src/net/transport.ts';
import { openLog } from './log.ts';

/** Up to this length bytes leave as text. */
const TEXT_LIMIT = 8192;

interface Head {
  text: string;
  bodyLength: number;
  isLast: boolean;
}

const [port, logFile, ...backends] = process.argv.slice(2);
const log = openLog(logFile);
const heads = new Map<string, Head>();
/** Connections to backends whose clients were told that theirs ends. */
const idle: OpenTransport[] = [];
let made = 0;

/** Write what is lent until `from` reads again: not before all of it is taken. */
function pass(from: OpenTransport, to: OpenTransport, bytes: Buffer): void {
  if (bytes.length > TEXT_LIMIT) {
    // From the next read on it has a buffer of its own.
    const isOwn = from.holdBuffer().buffer === bytes.buffer;
    if (!to.write(isOwn ? bytes : Buffer.from(bytes))) from.pause();
  } else if (!to.write(bytes.toString('latin1'))) {
    from.pause();
  }
}

function serve(client: OpenTransport): void {
  let backend: OpenTransport | undefined;
  let bodyLeft = 0;
  let isLast = false;

  const toBackend = (bytes: Buffer, length: number): void => {
    if (backend === undefined) {
      const early = Buffer.from(bytes.subarray(0, length));
      client.pause();
      connect((transport) => {
        backend = transport;
        transport.events = { ...NOBODY, data: toClient, drained: () => client.resume() };
        client.resume();
        toBackend(early, length);
      });
      return;
    }
    for (let at = 0; at < length;) {
      if (bodyLeft > 0) {
        const end = Math.min(length, at + bodyLeft);
        bodyLeft -= end - at;
        pass(client, backend, bytes.subarray(at, end));
        at = end;
      } else {
        const end = bytes.indexOf('\r\n\r\n', at, 'latin1') + 4;
        if (end < 4 || end > length) throw new Error('a head in two pieces');
        const request = bytes.toString('latin1', at, end);
        const head = heads.get(request) ?? derive(request);
        bodyLeft = head.bodyLength;
        isLast = head.isLast;
        backend.write(head.text);
        log();
        at = end;
      }
    }
  };

  const toClient = (bytes: Buffer, length: number): void => {
    const from = backend as OpenTransport;
    if (!isLast) return pass(from, client, bytes.subarray(0, length));
    // Such an answer is small, and has come in one piece.
    const answer = bytes.toString('latin1', 0, length);
    client.write(answer.replace('\r\n', '\r\nConnection: close\r\n'));
    client.end();
    idle.push(from);
    backend = undefined;
  };

  client.open({
    data: toBackend,
    ended: () => client.end(),
    drained: () => backend?.resume(),
    closed: () => backend?.destroy(),
  });
}

function connect(connected: (transport: OpenTransport) => void): void {
  const transport = idle.pop();
  if (transport !== undefined) return connected(transport);
  const target = { host: '127.0.0.1', port: Number(backends[made++ % backends.length]) };
  SocketTransport.connecting(target, NOBODY, connected);
}

function derive(request: string): Head {
  const isLast = request.includes('\r\nConnection: close\r\n');
  const host = /\r\nHost: (.*)\r\n/.exec(request)?.[1] ?? '';
  const forwarded = `X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: ${host}\r\nX-Forwarded-Proto: http\r\nX-Request-Id: 0\r\n\r\n`;
  const kept = request.replace('\r\nConnection: close\r\n', '\r\n').slice(0, -2);
  const bodyLength = Number(/\r\nContent-Length: (\d+)\r\n/.exec(request)?.[1] ?? 0);
  const head = { text: kept + forwarded, bodyLength, isLast };
  heads.set(request, head);
  return head;
}

await Listener.open({ host: '127.0.0.1', port: Number(port) }, true, serve);
