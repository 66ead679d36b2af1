/** A backend dies under load and comes back: the clients that it leaves are told so, and then all is as before. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Load } from '../support/load.ts';
import { get } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { exchange } from '../support/raw-connection.ts';
import { type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

suite('a backend that is killed and started again', { skip: requires('nginx') }, () => {
  let site: Site;
  let nginx: Nginx;
  let server: DreamServer;

  before(async () => {
    site = resources.use(temporarySite());
    nginx = resources.use(await Nginx.start({ root: site.root }));
    server = resources.use(
      await startDreamServer({
        upstreams: { nginx: { servers: [nginx.url] } },
        routes: [{ proxy: { to: 'nginx' } }],
        workers: 2,
      }),
    );
  });
  beforeEach(async () => {
    assert.equal((await exchange(server.port, get('/hello.txt'))).status, 200);
  });

  test('under the load of 50 connections: 502 while it is away, then 200 and nothing else', async () => {
    const load = new Load({ port: server.port, target: '/hello.txt', connections: 50 });
    await load.untilMore(1000, 200);
    assert.equal(load.count(502), 0);

    await nginx.kill();
    await load.untilMore(100, 502);
    await nginx.start();
    await load.untilMore(100, 200);

    const recovered = load.statuses.length;
    await load.untilMore(2000, 200);
    await load.stop();
    assert.deepEqual(load.failures, [], 'every client got a whole answer every time');
    assert.deepEqual(new Set(load.statuses), new Set([200, 502]));
    assert.equal(load.count(502, recovered), 0, 'no 502 after recovery');
  });

  test('between two requests: nobody notices, as the dead connection is not used', async () => {
    for (let round = 0; round < 5; round++) {
      assert.equal((await exchange(server.port, get('/hello.txt'))).status, 200);
      await nginx.kill();
      await nginx.start();
      assert.equal((await exchange(server.port, get('/digits.txt'))).body.toString(), '0123456789');
    }
  });

  test('while it is away each request is told so at once', async () => {
    await nginx.kill();
    for (let round = 0; round < 20; round++) {
      const start = performance.now();
      assert.equal((await exchange(server.port, get('/hello.txt'))).status, 502);
      assert.ok(performance.now() - start < 1000);
    }
    await nginx.start();
    assert.equal((await exchange(server.port, get('/hello.txt'))).status, 200);
  });
});
