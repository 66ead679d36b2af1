/** nginx as a backend under load: no error, no request lost, none sent twice, connections reused. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Load } from '../support/load.ts';
import { get } from '../support/message.ts';
import { Nginx, nginxCounters } from '../support/nginx.ts';
import { program, requires } from '../support/packages.ts';
import { field } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import { patterned, type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const run = promisify(execFile);

suite('nginx behind the proxy', { skip: requires('nginx', 'wrk') }, () => {
  let site: Site;
  let nginx: Nginx;

  before(async () => {
    site = resources.use(temporarySite());
    nginx = resources.use(await Nginx.start({ root: site.root }));
  });

  const start = (workers: number): Promise<DreamServer> =>
    startDreamServer({
      upstreams: { nginx: { servers: [nginx.url] } },
      routes: [{ proxy: { to: 'nginx' } }],
      workers,
    });

  test('an answer is what nginx gave', async () => {
    await using server = await start(1);
    const direct = await exchange(nginx.port, get('/large.bin'));
    const proxied = await exchange(server.port, get('/large.bin'));
    assert.equal(proxied.status, 200);
    assert.deepEqual(proxied.body, Buffer.from(patterned(300_000)));
    for (const name of ['Content-Length', 'Content-Type', 'ETag', 'Last-Modified', 'Accept-Ranges']) {
      assert.equal(field(proxied, name), field(direct, name), name);
    }
    const part = await exchange(server.port, get('/digits.txt', 'Range: bytes=2-4'));
    assert.equal(part.status, 206);
    assert.equal(part.body.toString(), '234');
    const etag = field(direct, 'ETag') ?? '';
    assert.equal((await exchange(server.port, get('/large.bin', `If-None-Match: ${etag}`))).status, 304);
  });

  for (const workers of [1, 2]) {
    suite(`under load with ${workers} worker(s)`, () => {
      test('200 kept-alive connections under wrk: no error of any kind', async () => {
        await using server = await start(workers);
        const { stdout } = await run(program('wrk'), ['-t1', '-c200', '-d3s', `${server.url}/hello.txt`]);
        assert.doesNotMatch(stdout, /Socket errors|Non-2xx/, stdout);
        assert.ok(Number(/(\d+) requests in/.exec(stdout)![1]) > 1000, stdout);
        assert.deepEqual(await server.stop(), { code: 0, signal: null });
      });

      test('200 connections with 50 requests each: nginx serves each once, and each is logged once', async () => {
        await using server = await start(workers);
        const before = await nginxCounters(nginx);
        const load = new Load({ port: server.port, target: '/hello.txt', connections: 200, each: 50 });
        await load.done;
        const after = await nginxCounters(nginx);
        assert.deepEqual(await server.stop(), { code: 0, signal: null });

        assert.deepEqual(load.failures, []);
        assert.equal(load.count(200), 10_000);
        assert.equal(after.requests - before.requests - 1, 10_000, 'requests that nginx counted');
        assert.equal(server.requests.length, 10_000, 'lines of the log');
        const opened = after.connections - before.connections - 1;
        assert.ok(opened <= 256 * workers, `${opened} connections to nginx`);
      });
    });
  }
});
