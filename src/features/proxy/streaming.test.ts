/** Bodies that are larger than anybody's memory, peers that stand still, and peers that go in the middle. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { chunk, get, head } from '../../../test/support/message.ts';
import { startProxy, type ProxyServer, type ProxySetup } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { until, within } from '../../../test/support/until.ts';

const PIECE = Buffer.alloc(64 * 1024, 'x');
/** Pieces of a body that no buffers of the system hold. */
const COUNT = 1024;
const SIZE = PIECE.length * COUNT;

let backend: RawBackend;
let proxy: ProxyServer;
let client: RawConnection;

beforeEach(async () => {
  backend = await RawBackend.start();
  await start();
});
afterEach(stop);

async function start(setup?: ProxySetup): Promise<void> {
  proxy = await startProxy([backend.url], setup);
  client = await RawConnection.connect(proxy.port);
}

async function stop(): Promise<void> {
  client.close();
  await proxy[Symbol.asyncDispose]();
  backend[Symbol.dispose]();
}

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
  using other = await RawConnection.connect(proxy.port);
  const known = new Set(backend.connections);
  await other.send(get('/other', 'Connection: close'));
  const peer = await until(() => backend.connections.find((each) => !known.has(each)), {
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
    client.socket.pause();
    await client.send(get('/'));
    const peer = await backend.accept();
    await peer.untilText('\r\n\r\n');
    await peer.send(head('HTTP/1.1 200 OK', `Content-Length: ${SIZE}`));
    const before = process.memoryUsage().arrayBuffers;
    const flood = new Flood(peer);
    await flood.untilStuck();
    assert.ok(flood.sent < SIZE / 2, `${flood.sent} bytes were taken`);
    const [transport] = proxy.server.transports;
    assert.ok(
      transport.pending > 0 && transport.pending <= 2 * PIECE.length,
      `${transport.pending} bytes wait`,
    );
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 << 20);
    await Promise.all([flood.done, countOn(client, SIZE)]);
    const { bytes, error } = (await proxy.server.untilLogged(1)).find(({ path }) => path === '/') ?? {};
    assert.deepEqual({ bytes, error }, { bytes: SIZE, error: undefined });
  });

  it('from the client waits there while the backend does not read', async () => {
    await client.send(head('PUT / HTTP/1.1', 'Host: a', `Content-Length: ${SIZE}`));
    const peer = await backend.accept();
    await peer.untilText('\r\n\r\n');
    peer.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    const flood = new Flood(client);
    await flood.untilStuck();
    assert.ok(flood.sent < SIZE / 2, `${flood.sent} bytes were taken`);
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 << 20);
    await Promise.all([flood.done, countOn(peer, SIZE)]);
    await peer.send(head('HTTP/1.1 201 Created', 'Content-Length: 0'));
    assert.equal((await client.response('PUT')).status, 201);
  });
});

describe('an answer that comes while the request is still sent', () => {
  it('reaches the client whole, and then both connections end', async () => {
    await client.send(`${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1000')}first`);
    const requests = new RequestReader(await backend.accept());
    await requests.head();
    await requests.body(5);
    await requests.connection.send(`${head('HTTP/1.1 413 Content Too Large', 'Content-Length: 3')}no!`);
    const response = await client.response('POST');
    assert.deepEqual([response.status, response.body.toString()], [413, 'no!']);
    await within(10_000, 'the backend is left', requests.connection.ended);
    assert.equal(await client.end(), 'end');
  });

  it('may flow while the request flows', async () => {
    await stop();
    backend = await RawBackend.start();
    await start({ proxy: { buffer: { request: 'off' } } });
    await client.send(head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'));
    const requests = new RequestReader(await backend.accept());
    await requests.head();
    await requests.connection.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'));
    for (const word of ['one', 'two', 'three']) {
      await client.send(chunk(word));
      assert.equal(await requests.through(`${word}\r\n`), chunk(word));
      await requests.connection.send(chunk(word));
      await client.untilText(word);
    }
    await client.send(chunk(''));
    await requests.through('0\r\n\r\n');
    await requests.connection.send(chunk(''));
    assert.equal((await client.response('POST')).body.toString(), 'onetwothree');
  });
});

describe('requests that are pipelined', () => {
  it('go over one connection to the backend, each when the one before is answered', async () => {
    const framings = ['Content-Length: 2', 'Transfer-Encoding: chunked', 'Content-Length: 70000'];
    const bodies = ['ok', chunk('ok') + chunk(''), 'x'.repeat(70_000)];
    await client.send(framings.map((_, i) => get(`/${i}`)).join('') + get('/last'));
    const requests = new RequestReader(await backend.accept());
    for (const [i, framing] of framings.entries()) {
      assert.equal((await requests.head()).target, `/${i}`);
      await requests.connection.send(head('HTTP/1.1 200 OK', framing) + bodies[i]);
      assert.equal((await client.response()).status, 200);
    }
    assert.equal((await requests.head()).target, '/last');
    assert.equal(backend.connections.length, 1);
  });
});

describe('a client that goes', () => {
  it('before the answer: the backend is left', async () => {
    await client.send(get('/'));
    const peer = await backend.accept();
    await peer.untilText('\r\n\r\n');
    client.reset();
    await within(10_000, 'the backend is left', peer.ended);
    const [{ status, error }] = await proxy.server.untilLogged(1);
    assert.deepEqual({ status, error }, { status: 499, error: 'client.gone' });
  });

  it('in the middle of its answer: the backend is left', async () => {
    await client.send(get('/'));
    const peer = await backend.accept();
    await peer.untilText('\r\n\r\n');
    await peer.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 1000')}first`);
    await client.untilText('first');
    client.reset();
    await within(10_000, 'the backend is left', peer.ended);
    const [{ status, bytes, error }] = await proxy.server.untilLogged(1);
    assert.deepEqual({ status, bytes, error }, { status: 200, bytes: 5, error: 'client.gone' });
  });

  it('in the middle of its request: the backend never sees the end of it', async () => {
    await client.send(`${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 10')}first`);
    const peer = await backend.accept();
    await peer.untilText('first');
    client.reset();
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
      await client.send(get('/'));
      const peer = await backend.accept();
      await peer.untilText('\r\n\r\n');
      await peer.send(head('HTTP/1.1 200 OK', framing) + chunk('first'));
      await client.untilText('first');
      peer.halfClose();
      assert.equal(await within(10_000, 'the end', client.ended), 'reset');
      assert.equal(proxy.server.log[0].error, 'upstream.body-incomplete');
    });
  }

  it('or stands still in it: the client sees that it is not whole', async () => {
    await stop();
    backend = await RawBackend.start();
    await start({ upstream: { timeouts: { connect: 1000, firstByte: 200, idle: 200 } } });
    await client.send(get('/'));
    const peer = await backend.accept();
    await peer.untilText('\r\n\r\n');
    await peer.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 1000')}first`);
    assert.equal(await within(10_000, 'the end', client.ended), 'reset');
    assert.equal(proxy.server.log[0].error, 'upstream.idle-timeout');
  });
});
