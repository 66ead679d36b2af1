/** nginx refuses an upload for its size while it is on the way: the client gets nginx's own 413. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { truncateSync, writeFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { head } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { program, requires } from '../support/packages.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { temporarySite } from '../support/site.ts';
import { temporaryDirectory } from '../support/temp.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const run = promisify(execFile);
const SIZE = 100 * 1024 * 1024;

suite('an upload that nginx does not want', { skip: requires('nginx', 'curl') }, () => {
  let server: DreamServer;
  let file: string;

  before(async () => {
    const site = resources.use(temporarySite());
    const nginx = resources.use(
      await Nginx.start({
        root: site.root,
        // It reads the body before it turns to whoever is behind it; nobody is.
        server: 'client_max_body_size 64k; location /put { proxy_pass http://127.0.0.1:9; }',
      }),
    );
    const directory = resources.use(temporaryDirectory());
    file = join(directory.path, 'upload');
    writeFileSync(file, '');
    truncateSync(file, SIZE);
    server = resources.use(
      await startDreamServer({
        upstreams: { nginx: { servers: [nginx.url] } },
        routes: [
          {
            match: { path: '/flows/*' },
            proxy: { to: 'nginx', stripPrefix: '/flows', buffer: { request: 'off' } },
          },
          { match: { path: '/*' }, proxy: { to: 'nginx' } },
        ],
        workers: 1,
      }),
    );
  });

  // Where the upload is collected first, it is all here when nginx refuses it, and the connection goes on.
  for (const [kind, path, args, closes] of [
    ['with a length', '/put', ['-H', 'Expect:'], true],
    ['with a length, that waits to hear that it is wanted', '/put', ['-H', 'Expect: 100-continue'], true],
    [
      'in chunks that are collected first',
      '/put',
      ['-H', 'Expect:', '-H', 'Transfer-Encoding: chunked'],
      false,
    ],
    ['in chunks that flow', '/flows/put', ['-H', 'Expect:', '-H', 'Transfer-Encoding: chunked'], true],
  ] as const) {
    test(`${kind}: curl gets the 413`, async () => {
      for (let i = 0; i < 5; i++) {
        const { stdout, stderr } = await run(program('curl'), [
          '--silent',
          '--show-error',
          '--max-time',
          '30',
          '--request',
          'POST',
          ...args,
          '--upload-file',
          file,
          '--write-out',
          '%{http_code} %header{connection}',
          '--output',
          '/dev/null',
          `http://127.0.0.1:${server.port}${path}`,
        ]).catch((error: { stdout: string; stderr: string }) => error);
        assert.equal(stdout, closes ? '413 close' : '413 ', stderr);
      }
    });
  }

  test('from a client that reads only when it has sent all that it can', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(head('POST /put HTTP/1.1', 'Host: a', `Content-Length: ${SIZE}`));
    const piece = Buffer.alloc(64 * 1024);
    for (let sent = 0; sent < SIZE; sent += piece.length) {
      const taken = await client.send(piece).then(
        () => true,
        () => false,
      );
      if (!taken) break;
    }
    const response = await client.response('POST');
    assert.equal(response.status, 413);
    assert.match(response.body.toString(), /<center>nginx/);
  });
});
