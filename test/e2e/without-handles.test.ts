/** Where Node.js does not give out the handles of connections (ADR 0011), `net.Socket`s carry them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDreamServer } from '../support/dreamserver.ts';
import { RawBackend } from '../support/raw-backend.ts';
import { get } from '../support/message.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { temporaryDirectory } from '../support/temp.ts';

const PRELOAD = new URL('../support/no-handles-preload.ts', import.meta.url).href;

test('without the handles of connections files are served and requests passed on', async () => {
  using site = temporaryDirectory();
  site.write('page.txt', 'a page');
  using backend = await RawBackend.start();
  await using server = await startDreamServer(
    {
      upstreams: { app: { servers: [`http://127.0.0.1:${backend.port}`] } },
      routes: [{ match: { path: '/app' }, proxy: 'app' }, { files: { root: site.path } }],
      workers: 1,
    },
    { NODE_OPTIONS: `--import=${PRELOAD}` },
  );
  assert.ok(server.child.stderr.includes('no tcp_wrap'), 'the handles were asked for, and refused');

  assert.equal((await exchange(server.port, get('/page.txt'))).body.toString(), 'a page');

  using client = await RawConnection.connect(server.port);
  let connection: RawConnection | undefined;
  for (const body of ['one', 'two']) {
    await client.send(get(`/app?${body}`));
    connection ??= await backend.accept();
    await connection.untilText(`/app?${body}`);
    await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n${body}`);
    assert.equal((await client.response()).body.toString(), body);
  }
});
