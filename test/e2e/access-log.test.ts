/** The log: one line for each request, whatever became of it, none forged, none lost. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { parseAccessLog } from '../support/access-log.ts';
import { type Configuration, type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Load } from '../support/load.ts';
import { get, head } from '../support/message.ts';
import { field, type RawResponse } from '../support/parse-response.ts';
import { freePort } from '../support/ports.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { type Site, temporarySite } from '../support/site.ts';
import { temporaryDirectory } from '../support/temp.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let site: Site;
before(() => {
  site = resources.use(temporarySite());
});

const serveFiles = (more: Configuration): Promise<DreamServer> =>
  startDreamServer({ routes: [{ files: { root: site.root } }], ...more });

suite('a line', () => {
  let server: DreamServer;
  before(async () => {
    server = resources.use(
      await startDreamServer({
        upstreams: { dead: { servers: [`http://127.0.0.1:${await freePort()}`] } },
        routes: [{ match: { path: '/dead' }, proxy: { to: 'dead' } }, { files: { root: site.root } }],
        limits: { bodyBytes: '1KiB', headerBytes: '8KiB', uriBytes: '1KiB' },
        workers: 1,
      }),
    );
  });

  const id = (response: RawResponse): string => field(response, 'X-Request-Id') ?? '';

  test('tells who asked whom for what, and what became of it', async () => {
    const response = await exchange(
      server.port,
      head('GET /digits.txt?a=b HTTP/1.1', 'Host: example.com:81'),
    );
    const [entry] = await server.untilLoggedAs(id(response));
    const { latency, ...rest } = entry;
    assert.match(latency, /^\d+(\.\d+)?ms$/);
    assert.deepEqual(rest, {
      id: id(response),
      ip: '127.0.0.1',
      method: 'GET',
      host: 'example.com:81',
      path: '/digits.txt?a=b',
      status: '200',
      bytes: '10',
    });
  });

  test('counts the bytes of the body that were sent', async () => {
    for (const [request, bytes] of [
      [get('/digits.txt', 'Range: bytes=2-4'), '3'],
      [get('/digits.txt', 'If-None-Match: *'), '0'],
      [head('HEAD /digits.txt HTTP/1.1', 'Host: localhost'), '0'],
    ]) {
      const response = await exchange(server.port, request);
      assert.equal((await server.untilLoggedAs(id(response)))[0].bytes, bytes);
    }
  });

  for (const [status, request] of [
    [400, head('GET / HTTP/1.1', 'Host: a', 'X : 1')],
    [404, get('/nothing-here')],
    [405, head('DELETE /hello.txt HTTP/1.1', 'Host: localhost')],
    [413, head('POST /dead HTTP/1.1', 'Host: localhost', 'Content-Length: 1025')],
    [414, get(`/${'a'.repeat(2000)}`)],
    [417, get('/hello.txt', 'Expect: the-unexpected')],
    [431, get('/', `X: ${'a'.repeat(9000)}`)],
    [501, head('POST /dead HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: gzip, chunked')],
    [502, get('/dead')],
    [505, head('GET / HTTP/2.0', 'Host: a')],
  ] as const) {
    test(`stands there for a refusal with ${status}, once, with its id and the error's code`, async () => {
      const response = await exchange(server.port, request, 'GET');
      const [entry, ...more] = await server.untilLoggedAs(id(response));
      assert.deepEqual(more, []);
      assert.equal(entry.status, String(status));
      assert.equal(entry.bytes, String(response.body.length));
      assert.match(entry.error ?? '', /^[a-z0-9]+(\.[a-z0-9-]+)+(\.\d)?$/);
    });
  }

  test('shows what was asked for also where that was refused', async () => {
    for (const [request, method, path] of [
      [get('/../../etc/passwd'), 'GET', '/../../etc/passwd'],
      [get('/%zz'), 'GET', '/%zz'],
      [head('POST /a HTTP/1.1', 'Host: a', 'X : 1'), 'POST', '/a'],
      [head('GET /a HTTP/3.0', 'Host: a'), 'GET', '/a'],
      [get('/a\x01b'), 'GET', '/a'],
      [head('G\x01ET /a HTTP/1.1'), '-', '-'],
    ] as const) {
      const response = await exchange(server.port, request, 'GET');
      const [entry] = await server.untilLoggedAs(id(response));
      assert.deepEqual([entry.method, entry.path], [method, path]);
    }
  });

  test('cannot be forged by what a client sends', async () => {
    const forged = ' | status=200 | [INFO] DREAM_SERVER REQUEST | id=0';
    for (const request of [
      get(`/a${encodeURIComponent(`\r\n${forged}`)}`),
      get(`/a|status=200|${'%7C'.repeat(3)}`),
      get('/\x1b[31mred'),
      head('GET / HTTP/1.1', `Host: a${forged}`),
      head(`GET${forged} / HTTP/1.1`, 'Host: a'),
      head(`${forged.replaceAll(' ', '\t')} / HTTP/1.1`, 'Host: a'),
      get('/', `X: \r${forged}`),
    ]) {
      const response = await exchange(server.port, request, 'GET');
      const entries = await server.untilLoggedAs(id(response));
      assert.equal(entries.length, 1);
      assert.equal(entries[0].status, String(response.status));
    }
    assert.ok(server.requests.every((entry) => entry.id !== '0'));
    assert.doesNotMatch(server.child.stdout.join(''), /\x1b\[31m/);
  });

  test('stands there for a client that left in the middle of its answer', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(get('/large.bin?left'));
    // Who leaves before it is accepted is nobody, and leaves no line.
    await client.untilUnread(1);
    client.reset();
    await server.child.untilOutput('the request is logged', () =>
      server.requests.some((entry) => entry.path === '/large.bin?left'),
    );
  });
});

suite('after a stop the log is complete', () => {
  const CONNECTIONS = 20;
  const EACH = 200;

  async function loadAndStop(server: DreamServer): Promise<void> {
    const load = new Load({ port: server.port, target: '/hello.txt', connections: CONNECTIONS, each: EACH });
    await load.done;
    assert.deepEqual(load.failures, []);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  }

  for (const workers of [1, 2]) {
    for (const target of ['standard output', 'a file']) {
      test(`on ${target} with ${workers} worker(s)`, async () => {
        using directory = temporaryDirectory();
        const path = directory.join('access.log');
        await using server = await serveFiles({
          workers,
          ...(target === 'a file' ? { accessLog: { path } } : {}),
        });
        await loadAndStop(server);
        const lines = target === 'a file' ? readFileSync(path, 'utf8').split('\n') : server.child.stdout;
        const entries = parseAccessLog(lines);
        assert.equal(entries.length, CONNECTIONS * EACH);
        assert.equal(new Set(entries.map((entry) => entry.id)).size, entries.length, 'ids differ');
      });
    }
  }

  test('in JSON', async () => {
    await using server = await serveFiles({ accessLog: { format: 'json' }, workers: 1 });
    await loadAndStop(server);
    const entries = server.child.stdout
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(entries.length, CONNECTIONS * EACH);
    const [{ method, path, status, bytes }] = entries;
    assert.deepEqual(
      { method, path, status, bytes },
      { method: 'GET', path: '/hello.txt', status: 200, bytes: 14 },
    );
  });

  const skip = existsSync('/dev/full') ? false : 'needs /dev/full';
  test('or, where it cannot be written, serving goes on and the trouble is told', { skip }, async () => {
    await using server = await serveFiles({ accessLog: { path: '/dev/full' }, workers: 2 });
    await loadAndStop(server);
    assert.match(server.child.stderr.join('\n'), /\/dev\/full/);
    assert.match(server.child.stderr.join('\n'), /ENOSPC/);
  });
});
