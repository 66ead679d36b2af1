/** Protocols that are not HTTP: after the switch the proxy passes on bytes, both ways, and nothing else. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { get, head } from '../../../test/support/message.ts';
import { field } from '../../../test/support/parse-response.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { startProxy, type ProxySetup } from '../../../test/support/proxy-server.ts';
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

const rig = ProxyRig.perTest();

interface Asked {
  readonly request: RawRequest;
  readonly requests: RequestReader;
  /** The backend's end of the tunnel. */
  readonly far: RawConnection;
}

async function ask(request = ASK): Promise<Asked> {
  await rig.client.send(request);
  const far = await rig.backend.accept();
  const requests = new RequestReader(far);
  return { request: await requests.head(), requests, far };
}

/** A client and a backend that have switched. */
async function tunnel(setup: ProxySetup = {}): Promise<Asked> {
  await rig.start(setup);
  const asked = await ask();
  await asked.far.send(SWITCH);
  assert.equal((await rig.client.response()).status, 101);
  return asked;
}

describe('an upgrade', () => {
  it('is asked for in the words of the client, and granted in those of the backend', async () => {
    await rig.start();
    const { request, far } = await ask();
    assert.deepEqual(request.values('Upgrade'), ['websocket']);
    assert.deepEqual(request.values('Connection'), ['upgrade']);
    assert.deepEqual(request.values('Sec-WebSocket-Key'), ['k']);
    await far.send(SWITCH);
    const response = await rig.client.response();
    assert.deepEqual([response.status, response.reason], [101, 'Switching']);
    assert.equal(field(response, 'Upgrade'), 'websocket');
    assert.equal(field(response, 'Connection'), 'upgrade');
    assert.equal(field(response, 'Sec-WebSocket-Accept'), 'a');
  });

  it('loses no byte that comes with it, on either side', async () => {
    await rig.start();
    const { requests, far } = await ask(`${ASK}from the client`);
    await far.send(`${SWITCH}from the backend`);
    assert.equal((await rig.client.response()).status, 101);
    await rig.client.untilText('from the backend');
    assert.equal(String(await requests.body(15)), 'from the client');
  });

  it('that the backend does not grant gets its answer, and the connection goes on', async () => {
    await rig.start();
    const { requests, far } = await ask();
    await far.send(`${head('HTTP/1.1 426 Upgrade Required', 'Content-Length: 2')}no`);
    assert.equal((await rig.client.response()).status, 426);
    await rig.client.send(get('/'));
    assert.equal((await requests.head()).target, '/');
    await far.send(head('HTTP/1.1 204 No Content'));
    assert.equal((await rig.client.response()).status, 204);
  });

  it('is not asked for where it is turned off, by HTTP/1.0, beside a body, and to h2c', async () => {
    await rig.start();
    const fields = ['Host: a', 'Connection: upgrade, http2-settings', 'HTTP2-Settings: x'];
    for (const [request, setup] of [
      [ASK, { proxy: { upgrade: false } }],
      [head('GET / HTTP/1.0', ...fields, 'Upgrade: websocket'), {}],
      [`${head('POST / HTTP/1.1', ...fields, 'Upgrade: websocket', 'Content-Length: 1')}x`, {}],
      [head('GET / HTTP/1.1', ...fields, 'Upgrade: h2c'), {}],
    ] as const) {
      await using other = await startProxy([rig.backend.url], setup);
      using asking = await RawConnection.connect(other.port);
      await asking.send(request);
      const asked = await new RequestReader(await rig.backend.accept()).head();
      assert.deepEqual([...asked.values('Upgrade'), ...asked.values('Connection')], []);
      assert.deepEqual(asked.values('HTTP2-Settings'), []);
    }
  });

  it('to one of several protocols leaves h2c out', async () => {
    await rig.start();
    const { request } = await ask(get('/', 'Connection: upgrade', 'Upgrade: h2c, websocket, foo/2'));
    assert.deepEqual(request.values('Upgrade'), ['websocket, foo/2']);
  });

  it('that nobody asked for is no answer', async () => {
    for (const request of [get('/'), get('/', 'Connection: upgrade', 'Upgrade: other')]) {
      await rig.start();
      const { far } = await ask(request);
      await far.send(SWITCH);
      assert.equal((await rig.client.response()).status, 502);
      await far.ended;
      assert.equal((await rig.proxy.server.untilLogged(1))[0].error, 'upstream.unexpected-upgrade');
      rig.client.close();
      await rig.proxy[Symbol.asyncDispose]();
    }
    await rig.start();
  });
});

describe('a tunnel', () => {
  it('passes bytes on as they are, however many', async () => {
    const { requests, far } = await tunnel();
    const bytes = randomBytes(5_000_000);
    const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
    await Promise.all([rig.client.send(bytes), far.send(bytes)]);
    const [there, back] = await Promise.all([
      requests.body(bytes.length),
      rig.client.untilUnread(bytes.length).then(() => rig.client.unread),
    ]);
    assert.equal(digest(there), digest(bytes));
    assert.equal(digest(back), digest(bytes));
  });

  it('has two halves: the one that ends first leaves the other open', async () => {
    const first = await tunnel();
    rig.client.halfClose();
    assert.equal(await first.far.ended, 'end');
    await first.far.send('still here');
    await rig.client.untilText('still here');
    first.far.halfClose();
    assert.equal(await rig.client.ended, 'end');
    const [{ status, bytes, error }] = await rig.proxy.server.untilLogged(1);
    assert.deepEqual([status, bytes, error], [101, 10, undefined]);
    await rig.proxy[Symbol.asyncDispose]();

    const second = await tunnel();
    second.far.halfClose();
    assert.equal(await rig.client.ended, 'end');
    await rig.client.send('still here');
    assert.equal(String(await second.requests.body(10)), 'still here');
    assert.equal(rig.proxy.server.log.length, 0, 'it is not over');
    rig.client.halfClose();
    assert.equal(await second.far.ended, 'end');
    assert.equal((await rig.proxy.server.untilLogged(1))[0].status, 101);
    await rig.proxy.server.untilAlone();
  });

  it('that one side resets is reset for the other', async () => {
    const first = await tunnel();
    rig.client.reset();
    await first.far.ended;
    assert.equal((await rig.proxy.server.untilLogged(1))[0].error, 'client.gone');
    await rig.proxy[Symbol.asyncDispose]();

    const second = await tunnel();
    second.far.reset();
    assert.equal(await rig.client.ended, 'reset');
    const [{ status, error }] = await rig.proxy.server.untilLogged(1);
    assert.deepEqual([status, error], [101, 'upstream.reset']);
  });

  it('holds what one side does not read to what the buffers take', async () => {
    const { far } = await tunnel();
    rig.client.socket.pause();
    const piece = Buffer.alloc(1 << 20);
    let taken = 0;
    let stuck = false;
    // The kernel's buffers on the way take a few MiB; then the backend has to wait.
    while (!stuck && taken < 64) {
      taken++;
      stuck = !far.socket.write(piece) && far.socket.writableLength > 16 * piece.length;
    }
    assert.ok(stuck || far.socket.writableLength > 0);
    const [transport] = rig.proxy.server.transports;
    await until(() => transport.pending > 0, { what: 'the client is behind' });
    assert.ok(transport.pending <= 1 << 20, `${transport.pending} bytes wait here`);
    rig.client.socket.resume();
    await rig.client.untilUnread(taken * piece.length);
  });

  it('in which nothing passes is cut off, and the log says so', async () => {
    const { far } = await tunnel({ timeouts: { tunnel: SOON } });
    await Promise.all([rig.client.ended, far.ended]);
    const [{ status, error }] = await rig.proxy.server.untilLogged(1);
    assert.deepEqual([status, error], [101, 'http1.timeout.tunnel']);
  });

  it('lives while something passes, whichever way', async () => {
    const { requests, far } = await tunnel({ timeouts: { tunnel: 3 * SOON } });
    for (let turn = 1; turn <= 20; turn++) {
      await (turn % 2 === 0 ? rig.client : far).send('x');
      await (turn % 2 === 0 ? requests.body(1) : rig.client.untilUnread(Math.ceil(turn / 2)));
      await new Promise((resolve) => setTimeout(resolve, SOON / 4));
    }
    assert.equal(rig.proxy.server.log.length, 0);
  });

  it('counts no longer among the connections of its pool', async () => {
    await tunnel({ upstream: { pool: { max: 1, idleTimeout: 60_000 } } });
    using other = await RawConnection.connect(rig.proxy.port);
    await other.send(get('/'));
    const second = await rig.backend.accept();
    await new RequestReader(second).head();
    await second.send(head('HTTP/1.1 204 No Content'));
    assert.equal((await other.response()).status, 204);
  });

  it('carries no request: what looks like one is passed on', async () => {
    const { requests } = await tunnel();
    await rig.client.send(get('/admin'));
    assert.match(await requests.through('\r\n\r\n'), /^GET \/admin HTTP\/1\.1\r\nHost: localhost\r\n\r\n$/);
  });
});

describe('CONNECT', () => {
  const CONNECT = head('CONNECT db.internal:5432 HTTP/1.1', 'Host: db.internal:5432');

  it('is refused unless it is configured', async () => {
    await rig.start();
    await rig.client.send(CONNECT);
    assert.equal((await rig.client.response()).status, 405);
    assert.equal(rig.backend.connections.length, 0);
  });

  it('is passed on to an upstream that is a proxy, whose consent makes the tunnel', async () => {
    await rig.start({ proxy: { connect: true } });
    const { request, requests, far } = await ask(CONNECT);
    assert.deepEqual([request.method, request.target], ['CONNECT', 'db.internal:5432']);
    // What frames a body means nothing here (RFC 9110 §9.3.6).
    await far.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 5')}hello`);
    const text = await rig.client.untilText('hello');
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.doesNotMatch(text, /Content-Length|Transfer-Encoding|Connection/i);
    await rig.client.send('ping');
    assert.equal(String(await requests.body(4)), 'ping');
  });

  it('that the upstream refuses gets its answer', async () => {
    await rig.start({ proxy: { connect: true } });
    const { far } = await ask(CONNECT);
    await far.send(`${head('HTTP/1.1 403 Forbidden', 'Content-Length: 2')}no`);
    assert.equal((await rig.client.response('GET')).status, 403);
  });

  it('has no body', async () => {
    await rig.start({ proxy: { connect: true } });
    await rig.client.send(`${head('CONNECT a:1 HTTP/1.1', 'Host: a:1', 'Content-Length: 4')}ping`);
    assert.equal((await rig.client.response('GET')).status, 400);
    assert.equal((await rig.proxy.server.untilLogged(1))[0].error, 'http1.framing.content-in-connect');
    assert.equal(rig.backend.connections.length, 0);
  });
});
