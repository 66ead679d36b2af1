/** What a client may use up, and what it is told when it has. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { type Configuration, type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { chunk, get, head } from '../support/message.ts';
import { field } from '../support/parse-response.ts';
import { RawBackend } from '../support/raw-backend.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { type Site, temporarySite } from '../support/site.ts';
import { until } from '../support/until.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let site: Site;

before(() => {
  site = resources.use(temporarySite());
  truncateSync(site.write('huge.bin', ''), 256 << 20);
});

const serveFiles = (more: Configuration): Promise<DreamServer> =>
  startDreamServer({ routes: [{ files: { root: site.root } }], ...more });

/** A connection that has had an answer and is kept alive. */
async function idleConnection(server: DreamServer): Promise<RawConnection> {
  const client = await RawConnection.connect(server.port);
  await client.send(get('/hello.txt'));
  assert.equal((await client.response()).status, 200);
  return client;
}

suite('limits.connections', () => {
  for (const workers of [1, 2]) {
    test(`of 4 holds with ${workers} worker(s): the fifth gets 503, and there is room when one leaves`, async () => {
      await using server = await serveFiles({ limits: { connections: 4 }, workers });
      const clients: RawConnection[] = [];
      for (let count = 0; count < 4; count++) {
        // The place of the connection before may be free only when its end was seen.
        clients.push(await idleConnection(server));
      }
      for (let round = 0; round < 3; round++) {
        using refused = await RawConnection.connect(server.port);
        await refused.send(get('/hello.txt'));
        const response = await refused.response();
        assert.equal(response.status, 503);
        assert.equal(field(response, 'Connection'), 'close');
        await refused.end();
      }
      for (const client of clients) {
        await client.send(get('/digits.txt'));
        assert.equal((await client.response()).body.toString(), '0123456789');
      }
      clients.pop()?.close();
      const served = async (): Promise<boolean> =>
        (await exchange(server.port, get('/hello.txt'))).status === 200;
      await until(served, { what: 'a new connection is served when one has left' });
      for (const client of clients) client.close();
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
    });
  }

  test('connections that come and go use up nothing', async () => {
    await using server = await serveFiles({ limits: { connections: 8 }, workers: 2 });
    const served = async (): Promise<boolean> =>
      (await exchange(server.port, get('/hello.txt'))).status === 200;
    for (let round = 0; round < 100; round++) await until(served, { what: 'an answer' });
  });

  test('clients that leave in the middle of things use up nothing', async () => {
    await using server = await serveFiles({ limits: { connections: 8 }, workers: 1 });
    const beginnings = [
      '',
      'GET /he',
      get('/huge.bin'),
      get('/huge.bin') + get('/huge.bin'),
      `${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 10')}abc`,
      head('GET / HTTP/1.1', 'Malformed'),
    ];
    for (let round = 0; round < 20; round++) {
      for (const beginning of beginnings) {
        using client = await RawConnection.connect(server.port);
        await client.send(beginning);
        if (round % 2 === 0) client.reset();
      }
    }
    const all = async (): Promise<boolean> => {
      const clients = await Promise.all(Array.from({ length: 8 }, () => RawConnection.connect(server.port)));
      const statuses = await Promise.all(
        clients.map(async (client) => {
          await client.send(get('/hello.txt'));
          const { status } = await client.response();
          return status;
        }),
      );
      for (const client of clients) client.close();
      return statuses.every((status) => status === 200);
    };
    await until(all, { what: 'all eight places are free again' });
  });

  test('2,000 idle connections are held, and the server still serves', async () => {
    await using server = await serveFiles({ workers: 1 });
    const clients: RawConnection[] = [];
    for (let batch = 0; batch < 20; batch++) {
      clients.push(...(await Promise.all(Array.from({ length: 100 }, () => idleConnection(server)))));
    }
    assert.equal(clients.length, 2000);
    for (let round = 0; round < 100; round++) {
      assert.equal((await exchange(server.port, get('/hello.txt'))).status, 200);
    }
    await Promise.all(
      clients.map(async (client) => {
        await client.send(get('/digits.txt'));
        assert.equal((await client.response()).body.toString(), '0123456789');
        client.close();
      }),
    );
  });
});

suite('slow clients', () => {
  test('a head that does not arrive within timeouts.headers gets 408, however it trickles', async () => {
    await using server = await serveFiles({ timeouts: { headers: '500ms' }, workers: 1 });
    using client = await RawConnection.connect(server.port);
    await client.send('GET / HTTP/1.1\r\nHost: localhost\r\nX: ');
    const trickle = setInterval(() => void client.send('a').catch(() => {}), 50);
    const response = await client.response().finally(() => clearInterval(trickle));
    assert.equal(response.status, 408);
    assert.equal(field(response, 'Connection'), 'close');
    await client.end();
  });

  test('a connection on which nothing comes is closed without a word after timeouts.keepAlive', async () => {
    await using server = await serveFiles({ timeouts: { keepAlive: '300ms' }, workers: 1 });
    using client = await idleConnection(server);
    const { bytesReceived } = client;
    assert.equal(await client.end(), 'end');
    assert.equal(client.bytesReceived, bytesReceived);
  });

  test('a client that takes nothing of its answer is cut off after timeouts.writeStall', async () => {
    await using server = await serveFiles({ timeouts: { writeStall: '500ms' }, workers: 1 });
    using client = await RawConnection.connect(server.port);
    client.socket.pause();
    await client.send(get('/huge.bin'));
    const [entry] = await server.untilLogged(1);
    assert.ok(Number(entry.bytes) < 256 << 20, `${entry.bytes} bytes`);
    assert.equal(entry.error, 'http1.timeout.write-stall');
  });

  test('a client that reads slowly but steadily is not cut off', async () => {
    await using server = await serveFiles({ timeouts: { writeStall: '1500ms' }, workers: 1 });
    using client = await RawConnection.connect(server.port);
    await client.send(get('/huge.bin', 'Range: bytes=0-33554431'));
    // One piece every 8 ms at the most: more than the stall allowed for the whole, and never as long as that for a piece.
    client.socket.on('data', () => {
      client.socket.pause();
      setTimeout(() => client.socket.resume(), 8);
    });
    const response = await client.response('GET', 60_000);
    assert.equal(response.body.length, 32 << 20);
  });

  for (const [framing, part] of [
    ['Content-Length: 10', 'abc'],
    ['Transfer-Encoding: chunked', chunk('abc')],
  ] as const) {
    test(`a body that stops arriving gets 408 after timeouts.bodyIdle: ${framing}`, async () => {
      using backend = await RawBackend.start();
      await using server = await startDreamServer({
        upstreams: { backend: { servers: [backend.url] } },
        routes: [{ proxy: { to: 'backend' } }],
        timeouts: { bodyIdle: '300ms' },
        workers: 1,
      });
      using client = await RawConnection.connect(server.port);
      await client.send(head('POST / HTTP/1.1', 'Host: localhost', framing) + part);
      const response = await client.response('POST');
      assert.equal(response.status, 408);
      assert.equal(field(response, 'Connection'), 'close');
      await client.end();
    });
  }
});
