import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CountingOwner } from '../../test/support/counting-owner.ts';
import { LendingTransport, StalledTransport } from '../../test/support/lending-transport.ts';
import { get } from '../../test/support/message.ts';
import { memoryServerOptions } from '../../test/support/memory-server.ts';
import { FileIds } from '../features/static/file-ids.ts';
import { FileRecords } from '../features/static/file-records.ts';
import type { KeptBytes } from '../features/static/kept-bytes.ts';
import { SharedFiles } from '../features/static/shared-files.ts';
import { HeaderList } from '../http/header-list.ts';
import { Response } from '../http/response.ts';
import { ServerConnection } from './server-connection.ts';

const BODY = 'b'.repeat(10 * 1024);
const IDS = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'] as const;

function keptFile(): KeptBytes {
  const files = new SharedFiles(FileRecords.memory({ size: 2 ** 20, entries: 10 }));
  const version = { dev: 1, ino: 1, size: BODY.length, mtimeMs: 1, ctimeMs: 1 };
  const room = files.reserve(new FileIds('', new Int32Array(4)).of('/'), version);
  room?.view.write(BODY, 'latin1');
  return room?.keep({ etag: '"1"', settled: true, freshUntil: 0, changes: 0 }) as KeptBytes;
}

describe('an answer whose body lies behind room for its head', () => {
  const whole = new Response(200, HeaderList.of('A', '1'), Buffer.from(BODY), { reusable: true });

  /** A connection whose requests are called by that id. */
  function connect<T extends LendingTransport>(
    file: KeptBytes,
    id: string,
    make: (connection: ServerConnection) => T,
  ): { transport: T; connection: ServerConnection; logged: unknown[][] } {
    const logged: unknown[][] = [];
    const finished = (status: number, bytes: number, error?: string): void =>
      void logged.push([status, bytes, error ?? 'whole']);
    const owner = Object.assign(new CountingOwner(), { requestId: id, finished });
    const connection = new ServerConnection(owner, memoryServerOptions);
    owner.request = () => connection.respond(whole.withBody(file.body(0, file.length) ?? null));
    const transport = make(connection);
    connection.attach(transport);
    return { transport, connection, logged };
  }
  const quick = (connection: ServerConnection) => new LendingTransport(connection, false);
  const slow = (connection: ServerConnection) => new StalledTransport(connection, false);
  const answer = (id: string): RegExp =>
    new RegExp(
      `^HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 10240\r\nDate: .{29}\r\nX-Request-Id: ${id}\r\n\r\n${BODY}$`,
    );

  it('leaves in one write, and the same byte for byte where requests came together', () => {
    const writes: string[] = [];
    const { transport, logged } = connect(keptFile(), IDS[0], quick);
    transport.onWrite = (text) => writes.push(text);
    transport.receive(Buffer.from(get('/')));
    assert.equal(writes.length, 1);
    assert.match(String(writes[0]), answer(IDS[0]));
    const together = transport.sent.length;
    transport.receive(Buffer.from(get('/').repeat(3)));
    const dateless = transport.sent.replaceAll(/^Date: .*$/gm, 'Date: of 29 characters, like this one');
    assert.equal(transport.sent.length, 4 * together);
    assert.equal(new Set(dateless.split(/(?=HTTP\/1.1)/)).size, 1);
    assert.deepEqual(
      logged,
      Array.from({ length: 4 }, () => [200, BODY.length, 'whole']),
    );
  });

  it('does not change under a client that has not taken it, and is over when he has', () => {
    const file = keptFile();
    const first = connect(file, IDS[0], slow);
    const second = connect(file, IDS[1], quick);
    first.transport.receive(Buffer.from(get('/')));
    for (let i = 0; i < 3; i++) second.transport.receive(Buffer.from(get('/')));
    assert.equal(first.transport.lent.length, 1);
    assert.match(String(first.transport.lent[0]), answer(IDS[0]));
    assert.equal(second.transport.sent.split(`X-Request-Id: ${IDS[1]}\r\n\r\n${BODY}`).length, 4);
    assert.deepEqual(first.logged, []);
    first.transport.pending = 0;
    first.connection.drained();
    assert.deepEqual(first.logged, [[200, BODY.length, 'whole']]);
  });

  it('leaves its room to the next as soon as the connection is closed', () => {
    const file = keptFile();
    const gone = connect(file, IDS[0], slow);
    gone.transport.receive(Buffer.from(get('/')));
    const isFree = (): boolean => {
      const body = file.body(0, file.length);
      const free =
        body?.flowBehind(['head', '', '', ''], { data: () => false, end: () => {}, fail: () => {} }) !==
        undefined;
      body?.resume();
      if (!free) body?.cancel();
      return free;
    };
    assert.equal(isFree(), false);
    gone.transport.destroy();
    gone.transport.deliver();
    assert.equal(isFree(), true);
    assert.deepEqual(gone.logged, [[200, 0, 'client.gone']]);
  });

  it('keeps its room where the system may still look at it', () => {
    const file = keptFile();
    const gone = connect(file, IDS[0], slow);
    Object.assign(gone.transport, { stuck: true });
    gone.transport.receive(Buffer.from(get('/')));
    gone.transport.destroy();
    gone.transport.deliver();
    const next = connect(file, IDS[1], quick);
    next.transport.receive(Buffer.from(get('/')));
    assert.match(String(gone.transport.lent[0]), answer(IDS[0]));
    assert.match(next.transport.sent, answer(IDS[1]));
  });

  it('has no body for HEAD, and leaves the bytes to the next', () => {
    const { transport } = connect(keptFile(), IDS[0], quick);
    transport.receive(Buffer.from('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'));
    assert.match(transport.sent, /Content-Length: 10240[^]*\r\n\r\n$/);
    const before = transport.sent.length;
    transport.receive(Buffer.from(get('/')));
    assert.match(transport.sent.slice(before), answer(IDS[0]));
  });

  it('says that the connection ends where it does, and 1.0 gets what it knows', () => {
    for (const [request, line] of [
      ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'Connection: close'],
      ['GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n', 'Connection: keep-alive'],
    ] as const) {
      const { transport } = connect(keptFile(), IDS[0], quick);
      transport.receive(Buffer.from(request));
      assert.match(transport.sent, new RegExp(`\r\n${line}\r\n\r\n${BODY}$`));
    }
  });
});
