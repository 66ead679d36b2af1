/** Protocols that are not HTTP: after the switch the proxy passes on bytes, both ways, and nothing else. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { get, head } from '../../../test/support/message.ts';
import { field } from '../../../test/support/parse-response.ts';
import { startProxy, type ProxyServer, type ProxySetup } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader, type RawRequest } from '../../../test/support/request-reader.ts';
import { until } from '../../../test/support/until.ts';

/** Milliseconds; the clock is coarse, 100 ms. */
const SOON = 200;
const ASK = get(
  '/chat?room=1',
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: k',
);
const SWITCH = head(
  'HTTP/1.1 101 Switching',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Accept: a',
);

let backend: RawBackend;
let proxy: ProxyServer;
let client: RawConnection;

beforeEach(async () => {
  backend = await RawBackend.start();
});
afterEach(async () => {
  client.close();
  await proxy[Symbol.asyncDispose]();
  backend[Symbol.dispose]();
});

async function start(setup: ProxySetup = {}): Promise<void> {
  proxy = await startProxy([backend.url], setup);
  client = await RawConnection.connect(proxy.port);
}

interface Asked {
  readonly request: RawRequest;
  readonly requests: RequestReader;
  /** The backend's end of the tunnel. */
  readonly far: RawConnection;
}

async function ask(request = ASK): Promise<Asked> {
  await client.send(request);
  const far = await backend.accept();
  const requests = new RequestReader(far);
  return { request: await requests.head(), requests, far };
}

/** A client and a backend that have switched. */
async function tunnel(setup: ProxySetup = {}): Promise<Asked> {
  await start(setup);
  const asked = await ask();
  await asked.far.send(SWITCH);
  assert.equal((await client.response()).status, 101);
  return asked;
}

describe('an upgrade', () => {
  it('is asked for in the words of the client, and granted in those of the backend', async () => {
    await start();
    const { request, far } = await ask();
    assert.deepEqual(request.values('Upgrade'), ['websocket']);
    assert.deepEqual(request.values('Connection'), ['upgrade']);
    assert.deepEqual(request.values('Sec-WebSocket-Key'), ['k']);
    await far.send(SWITCH);
    const response = await client.response();
    assert.deepEqual([response.status, response.reason], [101, 'Switching']);
    assert.equal(field(response, 'Upgrade'), 'websocket');
    assert.equal(field(response, 'Connection'), 'upgrade');
    assert.equal(field(response, 'Sec-WebSocket-Accept'), 'a');
  });

  it('loses no byte that comes with it, on either side', async () => {
    await start();
    const { requests, far } = await ask(`${ASK}from the client`);
    await far.send(`${SWITCH}from the backend`);
    assert.equal((await client.response()).status, 101);
    await client.untilText('from the backend');
    assert.equal(String(await requests.body(15)), 'from the client');
  });

  it('that the backend does not grant gets its answer, and the connection goes on', async () => {
    await start();
    const { requests, far } = await ask();
    await far.send(`${head('HTTP/1.1 426 Upgrade Required', 'Content-Length: 2')}no`);
    assert.equal((await client.response()).status, 426);
    await client.send(get('/'));
    assert.equal((await requests.head()).target, '/');
    await far.send(head('HTTP/1.1 204 No Content'));
    assert.equal((await client.response()).status, 204);
  });

  it('is not asked for where it is turned off, by HTTP/1.0, beside a body, and to h2c', async () => {
    await start();
    const fields = ['Host: a', 'Connection: upgrade, http2-settings', 'HTTP2-Settings: x'];
    for (const [request, setup] of [
      [ASK, { proxy: { upgrade: false } }],
      [head('GET / HTTP/1.0', ...fields, 'Upgrade: websocket'), {}],
      [`${head('POST / HTTP/1.1', ...fields, 'Upgrade: websocket', 'Content-Length: 1')}x`, {}],
      [head('GET / HTTP/1.1', ...fields, 'Upgrade: h2c'), {}],
    ] as const) {
      await using other = await startProxy([backend.url], setup);
      using asking = await RawConnection.connect(other.port);
      await asking.send(request);
      const asked = await new RequestReader(await backend.accept()).head();
      assert.deepEqual([...asked.values('Upgrade'), ...asked.values('Connection')], []);
      assert.deepEqual(asked.values('HTTP2-Settings'), []);
    }
  });

  it('to one of several protocols leaves h2c out', async () => {
    await start();
    const { request } = await ask(get('/', 'Connection: upgrade', 'Upgrade: h2c, websocket, foo/2'));
    assert.deepEqual(request.values('Upgrade'), ['websocket, foo/2']);
  });

  it('that nobody asked for is no answer', async () => {
    for (const request of [get('/'), get('/', 'Connection: upgrade', 'Upgrade: other')]) {
      await start();
      const { far } = await ask(request);
      await far.send(SWITCH);
      assert.equal((await client.response()).status, 502);
      await far.ended;
      assert.equal((await proxy.server.untilLogged(1))[0].error, 'upstream.unexpected-upgrade');
      client.close();
      await proxy[Symbol.asyncDispose]();
    }
    await start();
  });
});

describe('a tunnel', () => {
  it('passes bytes on as they are, however many', async () => {
    const { requests, far } = await tunnel();
    const bytes = randomBytes(5_000_000);
    const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
    await Promise.all([client.send(bytes), far.send(bytes)]);
    const [there, back] = await Promise.all([
      requests.body(bytes.length),
      client.untilUnread(bytes.length).then(() => client.unread),
    ]);
    assert.equal(digest(there), digest(bytes));
    assert.equal(digest(back), digest(bytes));
  });

  it('has two halves: the one that ends first leaves the other open', async () => {
    const first = await tunnel();
    client.halfClose();
    assert.equal(await first.far.ended, 'end');
    await first.far.send('still here');
    await client.untilText('still here');
    first.far.halfClose();
    assert.equal(await client.ended, 'end');
    const [{ status, bytes, error }] = await proxy.server.untilLogged(1);
    assert.deepEqual([status, bytes, error], [101, 10, undefined]);
    await proxy[Symbol.asyncDispose]();

    const second = await tunnel();
    second.far.halfClose();
    assert.equal(await client.ended, 'end');
    await client.send('still here');
    assert.equal(String(await second.requests.body(10)), 'still here');
    assert.equal(proxy.server.log.length, 0, 'it is not over');
    client.halfClose();
    assert.equal(await second.far.ended, 'end');
    assert.equal((await proxy.server.untilLogged(1))[0].status, 101);
    await proxy.server.untilAlone();
  });

  it('that one side resets is reset for the other', async () => {
    const first = await tunnel();
    client.reset();
    await first.far.ended;
    assert.equal((await proxy.server.untilLogged(1))[0].error, 'client.gone');
    await proxy[Symbol.asyncDispose]();

    const second = await tunnel();
    second.far.reset();
    assert.equal(await client.ended, 'reset');
    const [{ status, error }] = await proxy.server.untilLogged(1);
    assert.deepEqual([status, error], [101, 'upstream.reset']);
  });

  it('holds what one side does not read to what the buffers take', async () => {
    const { far } = await tunnel();
    client.socket.pause();
    const piece = Buffer.alloc(1 << 20);
    let taken = 0;
    let stuck = false;
    // The kernel's buffers on the way take a few MiB; then the backend has to wait.
    while (!stuck && taken < 64) {
      taken++;
      stuck = !far.socket.write(piece) && far.socket.writableLength > 16 * piece.length;
    }
    assert.ok(stuck || far.socket.writableLength > 0);
    const [transport] = proxy.server.transports;
    await until(() => transport.pending > 0, { what: 'the client is behind' });
    assert.ok(transport.pending <= 1 << 20, `${transport.pending} bytes wait here`);
    client.socket.resume();
    await client.untilUnread(taken * piece.length);
  });

  it('in which nothing passes is cut off, and the log says so', async () => {
    const { far } = await tunnel({ timeouts: { tunnel: SOON } });
    await Promise.all([client.ended, far.ended]);
    const [{ status, error }] = await proxy.server.untilLogged(1);
    assert.deepEqual([status, error], [101, 'http1.timeout.tunnel']);
  });

  it('lives while something passes, whichever way', async () => {
    const { requests, far } = await tunnel({ timeouts: { tunnel: 3 * SOON } });
    for (let turn = 1; turn <= 20; turn++) {
      await (turn % 2 === 0 ? client : far).send('x');
      await (turn % 2 === 0 ? requests.body(1) : client.untilUnread(Math.ceil(turn / 2)));
      await new Promise((resolve) => setTimeout(resolve, SOON / 4));
    }
    assert.equal(proxy.server.log.length, 0);
  });

  it('counts no longer among the connections of its pool', async () => {
    await tunnel({ upstream: { pool: { max: 1, idleTimeout: 60_000 } } });
    using other = await RawConnection.connect(proxy.port);
    await other.send(get('/'));
    const second = await backend.accept();
    await new RequestReader(second).head();
    await second.send(head('HTTP/1.1 204 No Content'));
    assert.equal((await other.response()).status, 204);
  });

  it('carries no request: what looks like one is passed on', async () => {
    const { requests } = await tunnel();
    await client.send(get('/admin'));
    assert.match(await requests.through('\r\n\r\n'), /^GET \/admin HTTP\/1\.1\r\nHost: localhost\r\n\r\n$/);
  });
});

describe('CONNECT', () => {
  const CONNECT = head('CONNECT db.internal:5432 HTTP/1.1', 'Host: db.internal:5432');

  it('is refused unless it is configured', async () => {
    await start();
    await client.send(CONNECT);
    assert.equal((await client.response()).status, 405);
    assert.equal(backend.connections.length, 0);
  });

  it('is passed on to an upstream that is a proxy, whose consent makes the tunnel', async () => {
    await start({ proxy: { connect: true } });
    const { request, requests, far } = await ask(CONNECT);
    assert.deepEqual([request.method, request.target], ['CONNECT', 'db.internal:5432']);
    // What frames a body means nothing here (RFC 9110 §9.3.6).
    await far.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 5')}hello`);
    const text = await client.untilText('hello');
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.doesNotMatch(text, /Content-Length|Transfer-Encoding|Connection/i);
    await client.send('ping');
    assert.equal(String(await requests.body(4)), 'ping');
  });

  it('that the upstream refuses gets its answer', async () => {
    await start({ proxy: { connect: true } });
    const { far } = await ask(CONNECT);
    await far.send(`${head('HTTP/1.1 403 Forbidden', 'Content-Length: 2')}no`);
    assert.equal((await client.response('GET')).status, 403);
  });

  it('has no body', async () => {
    await start({ proxy: { connect: true } });
    await client.send(`${head('CONNECT a:1 HTTP/1.1', 'Host: a:1', 'Content-Length: 4')}ping`);
    assert.equal((await client.response('GET')).status, 400);
    assert.equal((await proxy.server.untilLogged(1))[0].error, 'http1.framing.content-in-connect');
    assert.equal(backend.connections.length, 0);
  });
});
