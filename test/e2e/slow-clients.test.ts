/**
 * The attacks that cost an attacker next to nothing: Slowloris (a head that never ends), slow POST (a body that trickles),
 * slow read (an answer that is hardly taken). Hundreds of each at once hold little memory, keep nobody else waiting,
 * and are all cut off on time, with the status that says why.
 */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { chunk, get, head } from '../support/message.ts';
import { MemoryWatch } from '../support/memory.ts';
import { RawBackend } from '../support/raw-backend.ts';
import { RawConnection, exchange } from '../support/raw-connection.ts';
import { type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const ATTACKERS = 300;
/** A connection's read buffer for its body, and room for what the runtime keeps. */
const EACH = 200 * 1024;

let site: Site;
let backend: RawBackend;
before(async () => {
  site = resources.use(temporarySite());
  truncateSync(site.write('huge.bin', ''), 256 << 20);
  backend = resources.use(await RawBackend.start());
});

const start = (timeouts: Readonly<Record<string, string>>): Promise<DreamServer> =>
  startDreamServer({
    upstreams: { app: { servers: [backend.url] } },
    routes: [
      { match: { path: '/app' }, proxy: { to: 'app', buffer: { request: 'off' } } },
      { files: site.root },
    ],
    limits: { minDataRate: '1kB' },
    timeouts,
    workers: 1,
  });

/** So many clients that each send `opening`, then `piece` ten times a second. */
async function attack(server: DreamServer, opening: string, piece: string): Promise<RawConnection[]> {
  const clients = await Promise.all(
    Array.from({ length: ATTACKERS }, () => RawConnection.connect(server.port)),
  );
  for (const client of clients) {
    void client.send(opening);
    const trickle = setInterval(() => void client.send(piece).catch(() => {}), 100);
    void client.ended.then(() => clearInterval(trickle));
  }
  return clients;
}

suite('hundreds of slow clients', () => {
  for (const [name, opening, piece, error] of [
    ['Slowloris', 'GET / HTTP/1.1\r\nHost: a\r\nX: ', 'x', 'http1.timeout.headers'],
    [
      'slow POST with a length',
      head('POST /app HTTP/1.1', 'Host: a', 'Content-Length: 1000000'),
      'x',
      'http1.timeout.body',
    ],
    [
      'slow POST in chunks',
      head('POST /app HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'),
      chunk('x'),
      'http1.timeout.body',
    ],
  ] as const) {
    test(`${name}: each gets 408 on time, and meanwhile others are served`, async () => {
      await using server = await start({ headers: '2s', bodyIdle: '2s' });
      await exchange(server.port, get('/hello.txt'));
      using memory = new MemoryWatch(server.pid);
      const clients = await attack(server, opening, piece);
      const asked = performance.now();
      assert.equal((await exchange(server.port, get('/hello.txt'))).status, 200);
      assert.ok(performance.now() - asked < 1500, 'it is served while they are waited for');
      const statuses = await Promise.all(
        clients.map(async (client) => {
          const { status } = await client.response('POST');
          // One answer, then the end.
          await client.end();
          return status;
        }),
      );
      assert.deepEqual([...new Set(statuses)], [408]);
      const logged = (await server.untilLogged(ATTACKERS + 2)).filter(
        (entry) => Number(entry.status) === 408,
      );
      assert.equal(logged.length, ATTACKERS);
      assert.ok(logged.every((entry) => entry.error === error));
      assert.ok(memory.growth < ATTACKERS * EACH, `${memory.growth >> 20} MiB`);
    });
  }

  test('slow read: each is cut off on time, and holds no more than a piece of its file', async () => {
    await using server = await start({ writeStall: '2s' });
    await exchange(server.port, get('/hello.txt'));
    using memory = new MemoryWatch(server.pid);
    const clients = await Promise.all(
      Array.from({ length: ATTACKERS }, () => RawConnection.connect(server.port)),
    );
    for (const client of clients) {
      client.socket.pause();
      void client.send(get('/huge.bin'));
    }
    assert.equal((await exchange(server.port, get('/hello.txt'))).status, 200);
    const logged = await server.untilLogged(ATTACKERS + 2);
    const cut = logged.filter((entry) => entry.error === 'http1.timeout.write-stall');
    assert.equal(cut.length, ATTACKERS);
    // The bounds of read-buffers.ts let them hold 83 MiB, and nearly as much may wait for the collector when the machine
    // is busy. A megabyte for each and one read ahead, as where there are few, would be 600 MiB.
    assert.ok(memory.growth < 200 * 2 ** 20, `${memory.growth >> 20} MiB`);
    for (const client of clients) client.close();
  });
});
