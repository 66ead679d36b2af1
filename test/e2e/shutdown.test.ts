/** Stopping: what was begun is finished, nothing new is begun, nothing is lost from the log. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { Child } from '../support/child.ts';
import { DJANGO_PROGRAMS, DjangoSite } from '../support/django.ts';
import { type Configuration, type DreamServer, MAIN, startDreamServer } from '../support/dreamserver.ts';
import { get, head } from '../support/message.ts';
import { requires } from '../support/packages.ts';
import { field } from '../support/parse-response.ts';
import { accepts, freePort } from '../support/ports.ts';
import { RawBackend } from '../support/raw-backend.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { type Site, temporarySite } from '../support/site.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const LARGE = 64 << 20;
const CLEAN = { code: 0, signal: null };

let site: Site;
before(() => {
  site = resources.use(temporarySite());
  truncateSync(site.write('huge.bin', ''), LARGE);
});

const serveFiles = (more: Configuration = {}): Promise<DreamServer> =>
  startDreamServer({ routes: [{ files: { root: site.root } }], ...more });

/** Connections on which a large answer has begun and waits for its reader. */
async function pausedDownload(server: DreamServer): Promise<RawConnection> {
  const client = await RawConnection.connect(server.port);
  await client.send(get('/huge.bin'));
  await client.untilUnread(1);
  client.socket.pause();
  return client;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  for (const workers of [1, 2]) {
    suite(`${signal} with ${workers} worker(s)`, () => {
      test('finishes the answer in flight, refuses new connections, closes idle ones, exits 0', async () => {
        await using server = await serveFiles({ workers });
        using idle = await RawConnection.connect(server.port);
        await idle.send(get('/hello.txt'));
        await idle.response();
        using silent = await RawConnection.connect(server.port);
        using busy = await pausedDownload(server);

        server.child.kill(signal);
        assert.equal(await idle.end(), 'end');
        await silent.end();
        await until(async () => !(await accepts(server.port)), { what: 'new connections are refused' });
        assert.ok(server.child.isRunning, 'it waits for the answer in flight');

        busy.socket.resume();
        assert.equal((await busy.response()).body.length, LARGE);
        await busy.end();
        assert.deepEqual(await server.child.exited, CLEAN);
        assert.deepEqual(
          server.requests.map(({ path, status, bytes }) => [path, status, bytes]),
          [
            ['/hello.txt', '200', '14'],
            ['/huge.bin', '200', String(LARGE)],
          ],
        );
      });

      test('does not wait longer than timeouts.shutdown', async () => {
        await using server = await serveFiles({ workers, timeouts: { shutdown: '500ms' } });
        using busy = await pausedDownload(server);
        const start = performance.now();
        assert.deepEqual(await server.stop(signal), CLEAN);
        const took = performance.now() - start;
        assert.ok(took >= 450 && took < 3000, `${took} ms`);
        assert.equal(server.requests.length, 1, 'the request that was cut off is logged too');
        busy.close();
      });

      test('logs 499 for a request that it cuts off without an answer', async () => {
        using backend = await RawBackend.start();
        await using server = await startDreamServer({
          routes: [{ proxy: backend.url }],
          timeouts: { shutdown: '500ms' },
          workers,
        });
        using client = await RawConnection.connect(server.port);
        await client.send(get('/wait'));
        await backend.accept();
        assert.deepEqual(await server.stop(signal), CLEAN);
        assert.deepEqual(
          server.requests.map(({ status, bytes, error }) => [status, bytes, error]),
          [['499', '0', 'server.shutting-down']],
        );
        assert.equal(client.unread.length, 0);
      });

      test('with nothing in flight it is gone at once', async () => {
        await using server = await serveFiles({ workers });
        const start = performance.now();
        assert.deepEqual(await server.stop(signal), CLEAN);
        assert.ok(performance.now() - start < 2000);
      });
    });
  }
}

test('a pipelined request that has not begun is not lost silently', async () => {
  await using server = await serveFiles({ workers: 1 });
  using busy = await RawConnection.connect(server.port);
  await busy.send(get('/huge.bin') + get('/hello.txt'));
  await busy.untilUnread(1);
  busy.socket.pause();
  server.child.kill('SIGTERM');
  await until(async () => !(await accepts(server.port)), { what: 'it is stopping' });
  busy.socket.resume();
  assert.equal((await busy.response()).body.length, LARGE);
  // Answered, or left unanswered by an orderly end: never half an answer.
  if ((await busy.nextEvent()) === 'bytes') assert.equal((await busy.response()).status, 200);
  await busy.end();
  assert.deepEqual(await server.child.exited, CLEAN);
});

for (const workers of [1, 2]) {
  test(`a second signal does not wait, and what it cuts off is logged: ${workers} workers`, async () => {
    await using server = await serveFiles({ workers });
    using busy = await pausedDownload(server);
    server.child.kill('SIGTERM');
    const told = performance.now();
    await until(async () => !(await accepts(server.port)), { what: 'it is stopping' });
    // Sooner, it would be taken for an echo of the first.
    await until(() => performance.now() - told > 200, { what: 'time has passed' });
    assert.equal((await server.stop('SIGTERM', 5000)).code, 1);
    assert.deepEqual(
      server.requests.map(({ path, error }) => [path, error]),
      [['/huge.bin', 'server.shutting-down']],
    );
    busy.close();
  });
}

test('a tunnel that is not over in time is cut off, and logged as that', async () => {
  using backend = await RawBackend.start();
  await using server = await startDreamServer({
    upstreams: { app: { servers: [backend.url] } },
    routes: [{ proxy: { to: 'app' } }],
    timeouts: { shutdown: '200ms' },
    workers: 1,
  });
  using client = await RawConnection.connect(server.port);
  await client.send(get('/chat', 'Connection: upgrade', 'Upgrade: x'));
  const far = await backend.accept();
  await far.untilText('\r\n\r\n');
  await far.send(head('HTTP/1.1 101 Switching', 'Upgrade: x', 'Connection: upgrade'));
  assert.equal((await client.response()).status, 101);
  assert.deepEqual(await server.stop(), CLEAN);
  assert.deepEqual(
    server.requests.map(({ status, error }) => [status, error]),
    [['101', 'server.shutting-down']],
  );
});

test('a server ends with the terminal that it was started from, wherever its output goes', async () => {
  const port = await freePort();
  using directory = temporaryDirectory();
  const command = `exec "${process.execPath}" "${MAIN}" files . --listen 127.0.0.1:${port} >out 2>&1 </dev/null`;
  // Part of util-linux: it makes a terminal, and is one.
  const terminal = new Child('a terminal', 'script', ['-qec', command, '/dev/null'], { cwd: directory.path });
  await until(() => accepts(port), { what: 'it listens' });
  terminal.kill('SIGKILL');
  await until(async () => !(await accepts(port)), { what: 'it has ended' });
});

test('a signal that comes twice at once, as npm sends it, is one', async () => {
  await using server = await serveFiles({ workers: 1 });
  using busy = await pausedDownload(server);
  server.child.kill('SIGINT');
  server.child.kill('SIGINT');
  await until(async () => !(await accepts(server.port)), { what: 'it is stopping' });
  busy.socket.resume();
  assert.equal((await busy.response()).body.length, LARGE);
  assert.deepEqual(await server.child.exited, CLEAN);
});

test('a backend that is still thinking is waited for', { skip: requires(...DJANGO_PROGRAMS) }, async () => {
  await using django = await DjangoSite.start();
  await using server = await startDreamServer({
    upstreams: { django: { servers: [django.url] } },
    routes: [{ proxy: { to: 'django' } }],
    workers: 2,
  });
  using busy = await RawConnection.connect(server.port);
  await busy.send(get('/probe/held/answer'));
  await django.untilHeld('answer');
  server.child.kill('SIGTERM');
  await until(async () => !(await accepts(server.port)), { what: 'it is stopping' });
  django.release('answer');
  const response = await busy.response();
  assert.equal(response.body.toString(), 'released\n');
  assert.equal(field(response, 'Connection'), 'close');
  await busy.end();
  assert.deepEqual(await server.child.exited, CLEAN);
  assert.equal(server.requests.length, 1);
});
