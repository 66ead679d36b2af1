/** CONNECT with real ends: curl asks for a tunnel, tinyproxy behind us digs it, nginx is at its end. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { curl } from '../support/curl.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { sha256 } from '../support/sha256.ts';
import { patterned, type Site, temporarySite } from '../support/site.ts';
import { startTinyproxy } from '../support/tinyproxy.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

suite('CONNECT', { skip: requires('curl', 'nginx', 'tinyproxy') }, () => {
  let site: Site;
  let nginx: Nginx;
  let tinyproxy: { readonly url: string };

  before(async () => {
    site = resources.use(temporarySite());
    nginx = resources.use(await Nginx.start({ root: site.root }));
    tinyproxy = resources.use(await startTinyproxy());
  });

  const start = (proxy: Readonly<Record<string, unknown>>): Promise<DreamServer> =>
    startDreamServer({
      upstreams: { egress: { servers: [tinyproxy.url] } },
      routes: [{ proxy: { to: 'egress', ...proxy } }],
    });

  test('is a tunnel through the upstream where it is configured', async () => {
    await using server = await start({ connect: true });
    const { code, status, body } = await curl(['-p', '-x', server.url, `${nginx.url}/large.bin`]);
    assert.deepEqual([code, status], [0, 200]);
    assert.equal(sha256(body), sha256(patterned(300_000)));
    const [{ method, path, status: logged, bytes, error }] = await server.untilLogged(1);
    assert.deepEqual(
      [method, path, Number(logged), error],
      ['CONNECT', `127.0.0.1:${nginx.port}`, 200, undefined],
    );
    assert.ok(Number(bytes) > 300_000);
  });

  test('is refused where it is not', async () => {
    await using server = await start({});
    const { code, messages } = await curl(['-p', '-x', server.url, nginx.url]);
    assert.notEqual(code, 0);
    assert.match(messages, /405/);
  });
});
