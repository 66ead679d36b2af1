/** Upstreams on unix sockets: gunicorn as most installations have it, behind the proxy. */
import assert from 'node:assert/strict';
import { before, after, suite, test } from 'node:test';
import { startDreamServer } from '../support/dreamserver.ts';
import { Gunicorn } from '../support/gunicorn.ts';
import { get, head } from '../support/message.ts';
import { requires } from '../support/packages.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';

suite('gunicorn on a unix socket', { skip: requires('gunicorn') }, () => {
  let gunicorn: Gunicorn;
  before(async () => {
    gunicorn = await Gunicorn.atPath();
  });
  after(() => gunicorn[Symbol.asyncDispose]());

  test('answers through the proxy, with and without a body', async () => {
    await using server = await startDreamServer({
      upstreams: { app: { servers: [gunicorn.url] } },
      routes: [{ proxy: { to: 'app' } }],
    });
    using client = await RawConnection.connect(server.port);
    for (let round = 0; round < 3; round++) {
      await client.send(get('/hello'));
      assert.equal((await client.response()).body.toString(), 'GET\n/hello\nlocalhost\n0');
      await client.send(`${head('POST /form HTTP/1.1', 'Host: a.example', 'Content-Length: 5')}a=b&c`);
      assert.equal((await client.response('POST')).body.toString(), 'POST\n/form\na.example\n5');
    }
  });

  test('is given localhost as its Host where that is to be its own', async () => {
    await using server = await startDreamServer({
      routes: [{ proxy: { to: gunicorn.url, host: 'upstream' } }],
    });
    const answer = await exchange(server.port, head('GET / HTTP/1.1', 'Host: a.example'));
    assert.equal(answer.body.toString(), 'GET\n/\nlocalhost\n0');
  });

  test('that is not there is told by its path', async () => {
    await using server = await startDreamServer({ routes: [{ proxy: { to: 'unix:./none.sock' } }] });
    assert.equal((await exchange(server.port, get('/'))).status, 502);
    const [entry] = await server.untilLogged(1);
    assert.equal(entry.error, 'upstream.connect-failed');
    const warned = (): boolean =>
      server.child.stderr.some((line) => /server=unix:\.\/none\.sock \| state=unreachable/.test(line));
    await server.child.untilOutput('the event', warned);
  });
});
