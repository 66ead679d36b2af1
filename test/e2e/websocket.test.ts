/** WebSocket through the proxy with real ends: the `ws` library behind it, and before it that library and Chromium. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { startChromium } from '../support/browser.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { requires } from '../support/packages.ts';
import { pseudoRandom } from '../support/sha256.ts';
import { type Site, temporarySite } from '../support/site.ts';
import { within } from '../support/until.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

/** Sends every message back, and closes as it is closed. */
async function startEcho(): Promise<WebSocketServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 1 << 22 });
  server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
  await once(server, 'listening');
  resources.defer(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return server;
}

suite('WebSocket', () => {
  let server: DreamServer;
  let echo: WebSocketServer;
  let site: Site;

  before(async () => {
    site = resources.use(temporarySite());
    echo = await startEcho();
    server = resources.use(
      await startDreamServer({
        upstreams: { echo: { servers: [`http://127.0.0.1:${(echo.address() as AddressInfo).port}`] } },
        routes: [{ match: { path: '/socket' }, proxy: 'echo' }, { files: { root: site.root } }],
      }),
    );
  });

  test('10,000 messages of 1 byte to 1 MB come back as they were, in order', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket`);
    await once(socket, 'open');
    const bytes = Buffer.from(pseudoRandom(1_001_000, 11));
    // Mostly small, each thousandth large: some 12 MB each way.
    const message = (index: number): Buffer => {
      const length = index % 1000 === 999 ? 1_000_000 : 1 + ((index * 37) % 400);
      return bytes.subarray((index * 13) % 1000, ((index * 13) % 1000) + length);
    };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let received = 0;
    socket.on('message', (data: Buffer) => {
      if (!data.equals(message(received))) reject(new Error(`message ${received} differs`));
      if (++received === 10_000) resolve();
    });
    for (let index = 0; index < 10_000; index++) socket.send(message(index));
    await within(60_000, 'all of them', promise);
    socket.close(4001, 'done');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    assert.deepEqual([code, String(reason)], [4001, 'done']);
    const logged = await server.untilLogged(1);
    assert.equal(logged.length, 1);
    assert.deepEqual(
      [Number(logged[0].status), logged[0].path, logged[0].error],
      [101, '/socket', undefined],
    );
    assert.ok(Number(logged[0].bytes) > 10_000_000);
  });

  test('Chromium talks through it', { skip: requires('chromium') }, async () => {
    await using browser = await startChromium([]);
    const page = await browser.newPage();
    await page.goto(server.url);
    const answer = await page.evaluate(async (url) => {
      const socket = new WebSocket(url);
      const heard = await new Promise((resolve, reject) => {
        socket.addEventListener('open', () => socket.send('hello'));
        socket.addEventListener('message', ({ data }) => resolve(data));
        socket.addEventListener('error', () => reject(new Error('no connection')));
      });
      socket.close(1000);
      const code = await new Promise((resolve) => {
        socket.addEventListener('close', (event) => resolve(event.code));
      });
      return { heard, code };
    }, `ws://127.0.0.1:${server.port}/socket`);
    assert.deepEqual(answer, { heard: 'hello', code: 1000 });
  });

  test('a connection that is lost is lost for the other side too', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket`);
    const [far] = (await Promise.all([once(echo, 'connection'), once(socket, 'open')]))[0] as [WebSocket];
    const closed = once(far, 'close');
    socket.terminate();
    const [code] = (await within(10_000, 'the backend hears of it', closed)) as [number];
    assert.equal(code, 1006);
  });

  test('a backend that wants no WebSocket says so', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/hello.txt`);
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /200/);
  });
});
