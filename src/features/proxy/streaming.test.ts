/** Bodies that are larger than anybody's memory, peers that stand still, and peers that go in the middle. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { chunk, get, head } from '../../../test/support/message.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { until, within } from '../../../test/support/until.ts';

const PIECE = Buffer.alloc(64 * 1024, 'x');
/** Pieces of a body that no buffers of the system hold. */
const COUNT = 1024;
const SIZE = PIECE.length * COUNT;

const rig = ProxyRig.perTest();

beforeEach(() => rig.start());

/** Sends the whole body, as fast as it is taken; tells how far it has come. */
class Flood {
  sent = 0;
  readonly done: Promise<void>;

  constructor(connection: RawConnection) {
    this.done = this.#flow(connection);
  }

  async #flow(connection: RawConnection): Promise<void> {
    for (let count = 0; count < COUNT; count++) {
      await connection.send(PIECE);
      this.sent += PIECE.length;
    }
  }

  /** Waits until it is stuck: it has not moved while a whole other exchange went through the proxy, three times. */
  async untilStuck(): Promise<void> {
    let still = 0;
    for (let before = -1; still < 3; before = this.sent) {
      await exchange();
      still = this.sent === before ? still + 1 : 0;
    }
  }
}

/** An exchange of another client, over a connection to the backend of its own. */
async function exchange(): Promise<void> {
  using other = await RawConnection.connect(rig.proxy.port);
  const known = new Set(rig.backend.connections);
  await other.send(get('/other', 'Connection: close'));
  const peer = await until(() => rig.backend.connections.find((each) => !known.has(each)), {
    what: 'a connection',
    every: 2,
  });
  await peer.untilText('\r\n\r\n');
  await peer.send(head('HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: close'));
  assert.equal((await other.response()).status, 200);
}

/** Reads on, and counts, without keeping what comes. */
function countOn(connection: RawConnection, upTo: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let received = connection.bytesReceived;
  connection.socket.removeAllListeners('data');
  connection.socket.on('data', ({ length }) => {
    received += length;
    if (received >= upTo) resolve();
  });
  connection.socket.resume();
  return within(60_000, `${upTo} bytes`, promise);
}

describe('a body of 64 MiB', () => {
  it('from the backend waits there while the client does not read', async () => {
    rig.client.socket.pause();
    await rig.client.send(get('/'));
    const peer = await rig.backend.accept();
    await peer.untilText('\r\n\r\n');
    await peer.send(head('HTTP/1.1 200 OK', `Content-Length: ${SIZE}`));
    const before = process.memoryUsage().arrayBuffers;
    const flood = new Flood(peer);
    await flood.untilStuck();
    assert.ok(flood.sent < SIZE / 2, `${flood.sent} bytes were taken`);
    const [transport] = rig.proxy.server.transports;
    assert.ok(
      transport.pending > 0 && transport.pending <= 2 * PIECE.length,
      `${transport.pending} bytes wait`,
    );
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 << 20);
    await Promise.all([flood.done, countOn(rig.client, SIZE)]);
    const { bytes, error } = (await rig.proxy.server.untilLogged(1)).find(({ path }) => path === '/') ?? {};
    assert.deepEqual({ bytes, error }, { bytes: SIZE, error: undefined });
  });

  it('from the client waits there while the backend does not read', async () => {
    await rig.client.send(head('PUT / HTTP/1.1', 'Host: a', `Content-Length: ${SIZE}`));
    const peer = await rig.backend.accept();
    await peer.untilText('\r\n\r\n');
    peer.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    const flood = new Flood(rig.client);
    await flood.untilStuck();
    assert.ok(flood.sent < SIZE / 2, `${flood.sent} bytes were taken`);
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 << 20);
    await Promise.all([flood.done, countOn(peer, SIZE)]);
    await peer.send(head('HTTP/1.1 201 Created', 'Content-Length: 0'));
    assert.equal((await rig.client.response('PUT')).status, 201);
  });
});

describe('an answer that comes while the request is still sent', () => {
  it('reaches the client whole, and then both connections end', async () => {
    await rig.client.send(`${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1000')}first`);
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    await requests.body(5);
    await requests.connection.send(`${head('HTTP/1.1 413 Content Too Large', 'Content-Length: 3')}no!`);
    const response = await rig.client.response('POST');
    assert.deepEqual([response.status, response.body.toString()], [413, 'no!']);
    await within(10_000, 'the backend is left', requests.connection.ended);
    assert.equal(await rig.client.end(), 'end');
  });

  it('may flow while the request flows', async () => {
    await rig.start({ proxy: { buffer: { request: 'off' } } });
    await rig.client.send(head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'));
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    await requests.connection.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'));
    for (const word of ['one', 'two', 'three']) {
      await rig.client.send(chunk(word));
      assert.equal(await requests.through(`${word}\r\n`), chunk(word));
      await requests.connection.send(chunk(word));
      await rig.client.untilText(word);
    }
    await rig.client.send(chunk(''));
    await requests.through('0\r\n\r\n');
    await requests.connection.send(chunk(''));
    assert.equal((await rig.client.response('POST')).body.toString(), 'onetwothree');
  });
});

describe('requests that are pipelined', () => {
  it('go over one connection to the backend, each when the one before is answered', async () => {
    const framings = ['Content-Length: 2', 'Transfer-Encoding: chunked', 'Content-Length: 70000'];
    const bodies = ['ok', chunk('ok') + chunk(''), 'x'.repeat(70_000)];
    await rig.client.send(framings.map((_, i) => get(`/${i}`)).join('') + get('/last'));
    const requests = new RequestReader(await rig.backend.accept());
    for (const [i, framing] of framings.entries()) {
      assert.equal((await requests.head()).target, `/${i}`);
      await requests.connection.send(head('HTTP/1.1 200 OK', framing) + bodies[i]);
      assert.equal((await rig.client.response()).status, 200);
    }
    assert.equal((await requests.head()).target, '/last');
    assert.equal(rig.backend.connections.length, 1);
  });
});

describe('a client that goes', () => {
  it('before the answer: the backend is left', async () => {
    await rig.client.send(get('/'));
    const peer = await rig.backend.accept();
    await peer.untilText('\r\n\r\n');
    rig.client.reset();
    await within(10_000, 'the backend is left', peer.ended);
    const [{ status, error }] = await rig.proxy.server.untilLogged(1);
    assert.deepEqual({ status, error }, { status: 499, error: 'client.gone' });
  });

  it('in the middle of its answer: the backend is left', async () => {
    await rig.client.send(get('/'));
    const peer = await rig.backend.accept();
    await peer.untilText('\r\n\r\n');
    await peer.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 1000')}first`);
    await rig.client.untilText('first');
    rig.client.reset();
    await within(10_000, 'the backend is left', peer.ended);
    const [{ status, bytes, error }] = await rig.proxy.server.untilLogged(1);
    assert.deepEqual({ status, bytes, error }, { status: 200, bytes: 5, error: 'client.gone' });
  });

  it('in the middle of its request: the backend never sees the end of it', async () => {
    await rig.client.send(`${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 10')}first`);
    const peer = await rig.backend.accept();
    await peer.untilText('first');
    rig.client.reset();
    await within(10_000, 'the backend is left', peer.ended);
    assert.match(peer.unread.toString(), /\r\n\r\nfirst$/);
  });
});

describe('a backend that goes in the middle of its answer', () => {
  for (const [kind, framing] of [
    ['a length', 'Content-Length: 1000'],
    ['chunks', 'Transfer-Encoding: chunked'],
  ] as const) {
    it(`of ${kind}: the client sees that it is not whole`, async () => {
      await rig.client.send(get('/'));
      const peer = await rig.backend.accept();
      await peer.untilText('\r\n\r\n');
      await peer.send(head('HTTP/1.1 200 OK', framing) + chunk('first'));
      await rig.client.untilText('first');
      peer.halfClose();
      assert.equal(await within(10_000, 'the end', rig.client.ended), 'reset');
      assert.equal(rig.proxy.server.log[0].error, 'upstream.body-incomplete');
    });
  }

  it('or stands still in it: the client sees that it is not whole', async () => {
    await rig.start({ upstream: { timeouts: { connect: 1000, firstByte: 200, idle: 200 } } });
    await rig.client.send(get('/'));
    const peer = await rig.backend.accept();
    await peer.untilText('\r\n\r\n');
    await peer.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 1000')}first`);
    assert.equal(await within(10_000, 'the end', rig.client.ended), 'reset');
    assert.equal(rig.proxy.server.log[0].error, 'upstream.idle-timeout');
  });
});
