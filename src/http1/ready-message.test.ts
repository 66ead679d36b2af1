import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CountingOwner } from '../../test/support/counting-owner.ts';
import { LendingTransport, StalledTransport } from '../../test/support/lending-transport.ts';
import { get } from '../../test/support/message.ts';
import { HeaderList } from '../http/header-list.ts';
import type { RequestHead } from '../http/head.ts';
import { Response } from '../http/response.ts';
import { STRICT } from './leniency.ts';
import { ReadyMessage } from './ready-message.ts';
import { ServerConnection } from './server-connection.ts';
import type { ServerConnectionOptions } from './server-connection-owner.ts';

const UUIDS = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'] as const;
const BODY = 'b'.repeat(10 * 1024);

describe('a ready message', () => {
  // The first: for a second nobody else has asked what time it is.
  it('follows the clock', (context) => {
    context.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.UTC(2026, 0, 1) });
    const ready = new ReadyMessage('', Buffer.from(BODY));
    assert.match(String(ready.bytesFor(UUIDS[0])), /^Date: Thu, 01 Jan 2026 00:00:00 GMT/);
    context.mock.timers.tick(1000);
    assert.match(String(ready.bytesFor(UUIDS[0])), /^Date: Thu, 01 Jan 2026 00:00:01 GMT/);
  });

  it('is the head with date and id, and the body', () => {
    const ready = new ReadyMessage('HTTP/1.1 200 OK\r\nA: 1\r\n', Buffer.from(BODY));
    for (const id of UUIDS) {
      assert.match(
        String(ready.bytesFor(id)),
        new RegExp(`^HTTP/1.1 200 OK\r\nA: 1\r\nDate: .{29}\r\nX-Request-Id: ${id}\r\n\r\n${BODY}$`),
      );
    }
  });

  it('keeps no more memory than it has bytes: a piece of a pool would keep all of that', () => {
    const bytes = new ReadyMessage('HTTP/1.1 304 Not Modified\r\n', null).bytesFor(UUIDS[0]);
    assert.equal(bytes?.buffer.byteLength, bytes?.length);
  });

  it('is not there for an id of another length, as proxies before us may give', () => {
    assert.equal(new ReadyMessage('', Buffer.from(BODY)).bytesFor('theirs'), undefined);
  });
});

describe('an answer that is sent many times', () => {
  const response = new Response(200, HeaderList.of('A', '1'), Buffer.from(BODY), { reusable: true });
  const options: ServerConnectionOptions = {
    limits: {
      headerBytes: 8192,
      headers: 100,
      uriBytes: 8192,
      bodyBytes: 0,
      requestsPerConnection: 0,
      minDataRate: 0,
    },
    lenient: STRICT,
    timeouts: { headers: 0, bodyIdle: 0, keepAlive: 0, writeStall: 0, tunnel: 0 },
    serverHeader: 'us',
  };

  /** A connection whose requests are called by that id. */
  function connect<T extends LendingTransport>(
    requestId: string,
    make: (connection: ServerConnection) => T,
    answer = response,
  ): T {
    const owner = Object.assign(new CountingOwner(), { requestId });
    const connection = new ServerConnection(owner, options);
    owner.request = (_head: RequestHead) => connection.respond(answer);
    const transport = make(connection);
    connection.attach(transport);
    return transport;
  }

  for (const [status, body] of [
    [304, null],
    [200, null],
    [200, Buffer.alloc(0)],
    [200, Buffer.from('b')],
    [200, Buffer.from(BODY)],
  ] as const) {
    it(`is the same bytes each time, alone or with others: ${status}, ${body?.length ?? 'no'} bytes`, () => {
      const answer = new Response(status, HeaderList.of('ETag', '"1"'), body, { reusable: true });
      const bytesFor = (...messages: string[]): string => {
        const transport = connect(UUIDS[0], (connection) => new LendingTransport(connection, false), answer);
        for (const message of messages) transport.receive(Buffer.from(message));
        return transport.sent.replaceAll(/^Date: .{29}\r$/gm, 'Date: now\r');
      };
      const length = status === 304 ? '' : `Content-Length: ${body?.length ?? 0}\r\n`;
      const fields = `Server: us\r\nETag: "1"\r\n${length}Date: now\r\nX-Request-Id: ${UUIDS[0]}\r\n\r\n`;
      const head = `HTTP/1.1 ${status} ${status === 304 ? 'Not Modified' : 'OK'}\r\n${fields}`;
      const whole = `${head}${body?.toString('latin1') ?? ''}`;
      assert.equal(bytesFor(get('/'), get('/')), whole.repeat(2));
      assert.equal(bytesFor(get('/').repeat(3), get('/')), whole.repeat(4));
      assert.equal(bytesFor(get('/').replace('GET', 'HEAD'), get('/')), head + whole);
    });
  }

  it('does not change under a client that has not taken it', () => {
    const slow = connect(UUIDS[0], (connection) => new StalledTransport(connection, false));
    const quick = connect(UUIDS[1], (connection) => new LendingTransport(connection, false));
    slow.receive(Buffer.from(get('/')));
    for (let i = 0; i < 3; i++) quick.receive(Buffer.from(get('/')));
    assert.equal(slow.lent.length, 1);
    assert.match(String(slow.lent[0]), new RegExp(`X-Request-Id: ${UUIDS[0]}\r\n\r\n${BODY}$`));
    assert.equal(quick.sent.split(`X-Request-Id: ${UUIDS[1]}\r\n\r\n${BODY}`).length, 4);
  });

  it('leaves in one write with the others where requests came together, the same byte for byte', () => {
    const writes: string[] = [];
    const transport = connect(UUIDS[0], (connection) => new LendingTransport(connection, false));
    transport.onWrite = (text) => writes.push(text);
    transport.receive(Buffer.from(get('/')));
    transport.receive(Buffer.from(get('/').repeat(3)));
    assert.equal(writes.length, 2);
    const dateless = writes.map((text) => text.replaceAll(/^Date: .*$/gm, ''));
    assert.equal(dateless[1], String(dateless[0]).repeat(3));
  });
});
