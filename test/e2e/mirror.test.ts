/** A shadow beside an application: gunicorn is asked, a shadow of any kind gets copies, and clients notice nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Gunicorn } from '../support/gunicorn.ts';
import { chunk, head } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { field } from '../support/parse-response.ts';
import { freePort } from '../support/ports.ts';
import { RawBackend } from '../support/raw-backend.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { pseudoRandom, sha256, sha256OfStream } from '../support/sha256.ts';
import { temporarySite } from '../support/site.ts';
import { until } from '../support/until.ts';

/** What a shadow has received, by the id that the request has everywhere. */
interface Copy {
  readonly hash: string;
  readonly headers: IncomingHttpHeaders;
}

/** A shadow on node:http that writes down what it gets. */
async function startRecorder(): Promise<AsyncDisposable & { url: string; copies: Map<string, Copy[]> }> {
  const copies = new Map<string, Copy[]>();
  const server = createServer((request, response) => {
    void sha256OfStream(request).then((hash) => {
      const id = String(request.headers['x-request-id']);
      copies.set(id, [...(copies.get(id) ?? []), { hash, headers: request.headers }]);
      response.end('shadow');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    copies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** An upload of these bytes, with its length or in chunks of various sizes. */
function upload(bytes: Buffer, way: 'fixed' | 'chunked'): string {
  const text = bytes.toString('latin1');
  const lines = ['POST /upload HTTP/1.1', 'Host: a'];
  if (way === 'fixed') return head(...lines, `Content-Length: ${bytes.length}`) + text;
  let chunks = '';
  for (let at = 0, size = 1; at < text.length; at += size, size = size * 3 + 1) {
    chunks += chunk(text.slice(at, at + size));
  }
  return head(...lines, 'Transfer-Encoding: chunked') + chunks + chunk('');
}

suite('a shadow', { skip: requires('gunicorn', 'nginx') }, () => {
  const resources = new AsyncDisposableStack();
  after(() => resources.disposeAsync());

  let gunicorn: Gunicorn;
  before(async () => {
    gunicorn = resources.use(await Gunicorn.atPath());
  });

  const start = (shadow: string, mirror: object = {}, proxy: object = {}): Promise<DreamServer> =>
    startDreamServer({
      upstreams: {
        app: { servers: [gunicorn.url] },
        shadow: {
          servers: [shadow],
          retry: { on: ['reset', 'timeout', '503'], attempts: 5, budget: '100%' },
        },
      },
      routes: [{ proxy: { to: 'app', mirror: { to: 'shadow', ...mirror }, ...proxy } }],
      workers: 1,
    });

  /** The id of an exchange in which gunicorn has had all of the body. */
  async function exchangeOver(client: RawConnection, request: string, length: number): Promise<string> {
    await client.send(request);
    const [method] = request.split(' ', 1);
    const response = await client.response(method);
    assert.equal(response.status, 200);
    assert.deepEqual(response.body.toString().split('\n'), [method, '/upload', 'a', String(length)]);
    return field(response, 'X-Request-Id') ?? '';
  }

  const asked = head('GET /upload HTTP/1.1', 'Host: a');
  const events = (server: DreamServer): string[] =>
    server.child.stderr.filter((line) => line.startsWith('[WARN] DREAM_SERVER MIRROR'));

  for (const request of ['auto', 'off'] as const) {
    test(`gets each body once, byte for byte, where uploads are ${request === 'off' ? 'streamed' : 'collected'}`, async () => {
      await using recorder = await startRecorder();
      await using server = await start(recorder.url, {}, { buffer: { request } });
      // gunicorn reads no body that comes in chunks; what has a length streams in both.
      const ways = request === 'auto' ? (['fixed', 'chunked'] as const) : (['fixed'] as const);
      const sent = new Map<string, string>();
      const lengths = [0, 1, 4095, 4096, 4097, 30_000, 65_535, 65_536];
      await Promise.all(
        ways.map(async (way) => {
          using client = await RawConnection.connect(server.port);
          for (const length of lengths) {
            const bytes = Buffer.from(pseudoRandom(length, length + 1));
            const id = await exchangeOver(client, upload(bytes, way), length);
            sent.set(id, sha256(bytes));
          }
        }),
      );
      await until(() => recorder.copies.size === sent.size, { what: 'every copy has arrived' });
      for (const [id, hash] of sent) {
        const copies = recorder.copies.get(id) ?? [];
        assert.deepEqual(
          copies.map((copy) => copy.hash),
          [hash],
        );
        assert.equal(copies[0].headers['x-forwarded-mirror'], '1');
      }
      assert.deepEqual(events(server), []);
      assert.equal((await server.untilLogged(sent.size)).length, sent.size);
    });
  }

  test('gets no body that is longer than it may be, which its application gets all the same', async () => {
    await using recorder = await startRecorder();
    await using server = await start(recorder.url);
    using client = await RawConnection.connect(server.port);
    const bytes = Buffer.from(pseudoRandom(65_537));
    for (const way of ['fixed', 'chunked'] as const)
      await exchangeOver(client, upload(bytes, way), bytes.length);
    const id = await exchangeOver(client, asked, 0);
    await until(() => recorder.copies.size > 0, { what: 'a copy has arrived' });
    assert.deepEqual([...recorder.copies.keys()], [id]);
    await until(() => events(server).length > 0, { what: 'the event has been told' });
    assert.match(events(server)[0], /upstream=shadow \| skipped=1 \| limit=maxBody$/);
  });

  const SHADOWS = [
    ['hangs', () => {}, /limit=inFlight$/],
    ['resets', (peer: RawConnection) => peer.reset(), /failed=1 \| error=upstream\.(?:reset|closed-early)$/],
    ['is down', undefined, /failed=1 \| error=upstream\.connect-failed$/],
  ] as const;

  for (const [does, behave, event] of SHADOWS) {
    test(`that ${does} changes nothing for clients, and does not keep the server from stopping`, async () => {
      using raw = await RawBackend.start();
      raw.onConnection((peer) => void peer.nextEvent().then(() => behave?.(peer)));
      const url = behave === undefined ? `http://127.0.0.1:${await freePort()}` : raw.url;
      const server = await start(url, { inFlight: 5 });
      const begun = performance.now();
      using client = await RawConnection.connect(server.port);
      for (let round = 0; round < 10; round++) {
        const bytes = Buffer.from(pseudoRandom(round * 3000, round + 1));
        await exchangeOver(client, asked, 0);
        await exchangeOver(client, upload(bytes, 'fixed'), bytes.length);
        await exchangeOver(client, upload(bytes, 'chunked'), bytes.length);
      }
      await server.child.untilOutput('the event', () => events(server).length > 0);
      assert.match(events(server)[0], event);
      if (does === 'hangs') assert.equal(raw.connections.length, 5);
      client.close();
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
      // One at once, at most one a second after it, and one at the end.
      const seconds = (performance.now() - begun) / 1000;
      assert.ok(events(server).length <= seconds + 2, events(server).join('\n'));
      assert.equal(server.requests.length, 30);
      assert.ok(server.requests.every(({ status }) => status === '200'));
    });
  }

  test('that answers 500 changes nothing for clients, and is no failure', async () => {
    using site = temporarySite();
    await using nginx = await Nginx.start({ root: site.root, server: 'location /upload { return 500; }' });
    await using server = await start(nginx.url);
    using client = await RawConnection.connect(server.port);
    for (let round = 0; round < 20; round++) await exchangeOver(client, asked, 0);
    assert.deepEqual(events(server), []);
  });
});
