import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CountingOwner } from '../../test/support/counting-owner.ts';
import { LendingTransport, StalledTransport } from '../../test/support/lending-transport.ts';
import { memoryServerOptions } from '../../test/support/memory-server.ts';
import { chunk, get, head } from '../../test/support/message.ts';
import { deafRequester, outgoing } from '../../test/support/upstream-exchange.ts';
import { HeaderList } from '../http/header-list.ts';
import { Response } from '../http/response.ts';
import { ClientConnection } from './client-connection.ts';
import { STRICT } from './leniency.ts';
import { ServerConnection } from './server-connection.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const BODY = 'b'.repeat(1000);

/** A connection to a server, whose answers clients are sent under another head. */
class Upstream {
  /** Exchanges after which it could serve another. */
  released = 0;
  readonly transport: LendingTransport;
  readonly #connection: ClientConnection;

  constructor() {
    const owner = { released: () => void this.released++, detached: () => {}, closed: () => {} };
    this.#connection = new ClientConnection(owner, {
      timeouts: { firstByte: 1000, idle: 1000 },
      lenient: STRICT,
    });
    this.transport = new LendingTransport(this.#connection, true);
    this.#connection.attach(this.transport);
  }

  answer(...pieces: string[]): void {
    for (const piece of pieces) this.transport.receive(Buffer.from(piece, 'latin1'));
  }

  /** A client whose request it is sent. `field`: in the head of the answer. */
  client<T extends LendingTransport>(
    make: (connection: ServerConnection) => T,
    { field = 'A: 1', mayRepeat = false, reusable = true } = {},
  ): { transport: T; connection: ServerConnection; writes: string[]; logged: unknown[][] } {
    const logged: unknown[][] = [];
    const finished = (status: number, bytes: number, error?: string): void =>
      void logged.push([status, bytes, error ?? 'whole']);
    const owner = Object.assign(new CountingOwner(), { requestId: ID, finished });
    const connection = new ServerConnection(owner, memoryServerOptions);
    const [name, value] = field.split(': ');
    owner.request = () =>
      this.#connection.send(outgoing(), null, {
        ...deafRequester,
        mayRepeat,
        responded: (_head, body) =>
          connection.respond(new Response(200, HeaderList.of(name, value), body, { reusable })),
      });
    const transport = make(connection);
    connection.attach(transport);
    const writes: string[] = [];
    transport.onWrite = (text) => writes.push(text);
    transport.receive(Buffer.from(get('/')));
    return { transport, connection, writes, logged };
  }
}

const quick = (connection: ServerConnection) => new LendingTransport(connection, false);
const slow = (connection: ServerConnection) => new StalledTransport(connection, false);

const answerHead = head('HTTP/1.1 200 OK', `Content-Length: ${BODY.length}`);
const sent = (field = 'A: 1', body = BODY): RegExp =>
  new RegExp(
    `^HTTP/1.1 200 OK\r\n${field}\r\nContent-Length: ${body.length}\r\nDate: .{29}\r\nX-Request-Id: ${ID}\r\n\r\n${body}$`,
  );

describe('an answer that has come whole', () => {
  it('leaves in one write, under the head that it is given, and its connection can serve another', () => {
    const upstream = new Upstream();
    for (const letter of 'bcd') {
      const body = letter.repeat(BODY.length);
      const { writes, logged } = upstream.client(quick);
      upstream.answer(answerHead + body);
      assert.equal(writes.length, 1);
      assert.match(writes[0], sent('A: 1', body));
      assert.deepEqual(logged, [[200, BODY.length, 'whole']]);
    }
    assert.equal(upstream.released, 3);
  });

  it('does so too where its head will not come again', () => {
    const upstream = new Upstream();
    for (const field of ['A: 1', 'B: 22']) {
      const { writes } = upstream.client(quick, { field, reusable: false });
      upstream.answer(answerHead + BODY);
      assert.equal(writes.length, 1);
      assert.match(writes[0], sent(field));
    }
  });

  it('does not change under a client that has not taken it, while the connection brings others', () => {
    const upstream = new Upstream();
    const first = upstream.client(slow);
    upstream.answer(answerHead + BODY);
    assert.equal(upstream.released, 1);
    for (const letter of 'cd') {
      const { writes } = upstream.client(quick);
      upstream.answer(answerHead + letter.repeat(BODY.length));
      assert.match(writes[0], sent('A: 1', letter.repeat(BODY.length)));
    }
    const [lent] = first.transport.lent;
    assert.match(lent.toString('latin1'), sent());
    assert.deepEqual(first.logged, []);
    first.transport.pending = 0;
    first.connection.drained();
    assert.deepEqual(first.logged, [[200, BODY.length, 'whole']]);
  });

  it('is not broken off with its client', () => {
    const upstream = new Upstream();
    const { transport, logged } = upstream.client(slow);
    upstream.answer(answerHead + BODY);
    transport.destroy();
    assert.equal(logged.length, 1);
    assert.equal(upstream.released, 1);
    assert.equal(upstream.transport.state, 'open');
  });

  it('may have come behind its head, where that was held back', () => {
    const upstream = new Upstream();
    const { writes } = upstream.client(quick, { mayRepeat: true });
    upstream.answer(answerHead, BODY);
    assert.equal(writes.length, 1);
    assert.match(writes[0], sent());
  });

  it('is the same where there is no room for the head before it', () => {
    const upstream = new Upstream();
    for (let length = 350; length < 550; length++) {
      const field = `A: ${'1'.repeat(length)}`;
      const { transport } = upstream.client(quick, { field });
      upstream.answer(answerHead + BODY);
      assert.match(transport.sent, sent(field));
    }
    assert.equal(upstream.released, 200);
  });
});

describe('an answer in one chunk', () => {
  const chunked = head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked');
  const sentInChunks = (body: string): RegExp =>
    new RegExp(
      `^HTTP/1.1 200 OK\r\nA: 1\r\nDate: .{29}\r\nX-Request-Id: ${ID}\r\nTransfer-Encoding: chunked\r\n\r\n${body}$`,
    );

  it('leaves in one write, as it has come', () => {
    const upstream = new Upstream();
    for (const size of [1, 15, 16, 9000, 20_000]) {
      const { writes, logged } = upstream.client(quick);
      const body = chunk('x'.repeat(size)) + chunk('');
      upstream.answer(chunked + body);
      assert.equal(writes.length, 1);
      assert.match(writes[0], sentInChunks(body));
      assert.deepEqual(logged, [[200, size, 'whole']]);
    }
    assert.equal(upstream.released, 5);
  });

  it('flows where its framing is not ours, or it is not whole', () => {
    const upstream = new Upstream();
    for (const body of [
      '05\r\nhello\r\n0\r\n\r\n',
      '5;a\r\nhello\r\n0\r\n\r\n',
      '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n',
    ]) {
      const { transport } = upstream.client(quick);
      upstream.answer(chunked + body);
      assert.match(transport.sent, sentInChunks(chunk('hello') + chunk('')), body);
    }
    const { transport } = upstream.client(quick);
    upstream.answer(`${chunked}5\r\nhello\r\n0\r\n`, '\r\n');
    assert.match(transport.sent, sentInChunks(chunk('hello') + chunk('')));
    assert.equal(upstream.released, 4);
  });

  it('is the body itself where that ends with the connection', () => {
    const upstream = new Upstream();
    const { transport } = upstream.client(quick);
    const body = chunk('hello') + chunk('');
    upstream.answer(head('HTTP/1.0 200 OK') + body);
    upstream.transport.receiveEnd();
    assert.match(transport.sent, sentInChunks(chunk(body) + chunk('')));
  });
});

describe('an answer that has not come whole', () => {
  it('flows', () => {
    const upstream = new Upstream();
    const { transport, writes } = upstream.client(quick);
    upstream.answer(answerHead + BODY.slice(1));
    assert.equal(upstream.released, 0);
    upstream.answer('b');
    assert.match(transport.sent, sent());
    assert.equal(writes.length, 2);
    assert.equal(upstream.released, 1);
  });

  it('and one with something behind it, whose connection can serve no other', () => {
    const upstream = new Upstream();
    const { transport } = upstream.client(quick);
    upstream.answer(`${answerHead}${BODY}HTTP/1.1`);
    assert.match(transport.sent, sent());
    assert.equal(upstream.released, 0);
    assert.equal(upstream.transport.state, 'destroyed');
  });
});
