/** A system that lets the process open few files: it takes fewer clients, instead of running dry. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { CountingBackend, IdFile } from '../support/counting-backend.ts';
import { type Configuration, type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { untilAtRest } from '../support/memory.ts';
import { get, head } from '../support/message.ts';
import { RawBackend } from '../support/raw-backend.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { type Site, temporarySite } from '../support/site.ts';
import { until } from '../support/until.ts';

const OPEN_FILES = 200;
const WARNING = /DREAM_SERVER LIMITS/;

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let site: Site;
let backend: CountingBackend;
before(async () => {
  site = resources.use(temporarySite());
  backend = resources.use(await CountingBackend.start(resources.use(new IdFile()).path));
});

/** Files, each of which is opened anew, and behind `/api/` a backend. */
const start = (
  more: Configuration & { readonly to?: string },
  openFiles = OPEN_FILES,
): Promise<DreamServer> => {
  const { to = backend.url, ...configuration } = more;
  const routes = [{ match: { path: '/api/*' }, proxy: to }, { files: site.root }];
  return startDreamServer({ routes, fileCache: { size: 0 }, ...configuration }, {}, openFiles);
};

const warnings = (server: DreamServer): readonly string[] =>
  server.child.stderr.filter((line) => WARNING.test(line));

/** The number that the server says it makes do with. */
function connectionsTold(server: DreamServer): number {
  const lines = warnings(server);
  assert.equal(lines.length, 1, server.child.output);
  return Number(/ \| connections=(\d+) \| /.exec(lines[0])?.[1]);
}

const descriptors = (server: DreamServer): number => readdirSync(`/proc/${server.pid}/fd`).length;

/** Opens a connection and asks for a file on it. */
async function newcomer(server: DreamServer): Promise<{ client: RawConnection; status: number }> {
  const client = await RawConnection.connect(server.port);
  await client.send(get('/hello.txt'));
  const { status } = await client.response();
  return { client, status };
}

/** As many as it lets in, kept alive. */
async function fill(server: DreamServer, connections: number): Promise<RawConnection[]> {
  const clients: RawConnection[] = [];
  for (let i = 0; i < connections; i++) {
    const { client, status } = await newcomer(server);
    assert.equal(status, 200, `connection ${i + 1} of ${connections}`);
    clients.push(client);
  }
  return clients;
}

async function assertServed(client: RawConnection): Promise<void> {
  for (const path of ['/hello.txt', '/api/']) {
    await client.send(get(path));
    assert.equal((await client.response()).status, 200, path);
  }
}

/** Those who were there have closed their connections: there is room again when that has been seen. */
async function untilServed(server: DreamServer): Promise<void> {
  const served = async (): Promise<boolean> => {
    using client = await RawConnection.connect(server.port);
    await client.send(get('/hello.txt'));
    // Perhaps it is not even told that it is one too many.
    return (await client.nextEvent()) === 'bytes' && (await client.response()).status === 200;
  };
  await until(served, { what: 'a newcomer is served' });
}

const linuxOnly = process.platform === 'linux' ? false : 'only Linux tells what a process may open';

suite('a process that may open few files', { skip: linuxOnly }, () => {
  for (const workers of [1, 2]) {
    test(`tells the others 503 and serves those whom it took, at rest: ${workers} worker(s)`, async () => {
      await using server = await start({ workers });
      const most = connectionsTold(server);
      const clients = await fill(server, most);
      for (let i = 0; i < 3 * OPEN_FILES; i++) {
        const { client, status } = await newcomer(server);
        assert.equal(status, 503);
        await client.end();
      }
      for (const client of clients) await assertServed(client);
      await untilAtRest(server.pid, 'a server with as many clients as it takes');

      for (const client of clients) client.close();
      await untilServed(server);
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
      const failed = server.requests.filter(({ status }) => status !== '200');
      assert.ok(failed.length >= 3 * OPEN_FILES);
      assert.deepEqual(new Set(failed.map(({ error }) => error)), new Set(['server.connection-limit']));
    });

    test(`has enough when all of them wait for a backend and a crowd waits outside: ${workers} worker(s)`, async () => {
      using held = await RawBackend.start();
      await using server = await start({ workers, to: held.url });
      const most = connectionsTold(server);
      const clients = await fill(server, most);
      for (const client of clients) await client.send(get('/api/'));
      const requests = await Promise.all(clients.map(() => held.accept()));

      // Nobody of the crowd leaves by itself; those who are too many even to be told are closed without a word.
      const crowd = await Promise.all(
        Array.from({ length: 3 * OPEN_FILES }, () => RawConnection.connect(server.port)),
      );
      const fates = await Promise.all(crowd.map((client) => client.nextEvent()));
      assert.ok(fates.includes('bytes'), 'some are told');
      assert.ok(descriptors(server) < OPEN_FILES, `${descriptors(server)} descriptors`);

      for (const request of requests) {
        await request.untilText('\r\n\r\n');
        await request.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`);
      }
      for (const client of clients) assert.equal((await client.response()).status, 200);
      await untilAtRest(server.pid, 'a server with a crowd outside');
      for (const client of [...clients, ...crowd]) client.close();
      await untilServed(server);
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
      assert.deepEqual(
        server.requests.filter(
          ({ status, error }) => status !== '200' && error !== 'server.connection-limit',
        ),
        [],
      );
    });
  }

  test('says once what it makes do with, and what to do', async () => {
    await using server = await start({ workers: 2 });
    const most = connectionsTold(server);
    assert.ok(most > 30 && most < OPEN_FILES / 2, `${most} connections`);
    assert.equal(
      warnings(server)[0],
      `[WARN] DREAM_SERVER LIMITS | connections=${most} | wanted=10000 | openFiles=${OPEN_FILES}` +
        ' | reason=more clients need more open files: raise `ulimit -n`, or `LimitNOFILE=` of systemd',
    );
  });

  test('says so whenever it is less than what was asked for', async () => {
    await using server = await start({ workers: 2, limits: { connections: 60 } });
    const most = connectionsTold(server);
    assert.ok(most > 30 && most < 60, `${most} connections`);
    assert.match(warnings(server)[0], / \| wanted=60 \| /);
  });

  test('says nothing where what was asked for is possible, which then holds', async () => {
    await using server = await start({ workers: 2, limits: { connections: 20 } });
    assert.deepEqual(warnings(server), []);
    const clients = await fill(server, 20);
    const { client, status } = await newcomer(server);
    assert.equal(status, 503);
    for (const each of [...clients, client]) each.close();
  });

  const hard = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()) || Infinity;
  const few = hard >= 15_000 ? false : 'this process may not open 15,000 files';
  test(
    'says nothing of half the default, and of the same number where it is written',
    { skip: few },
    async () => {
      await using byDefault = await start({ workers: 2 }, 15_000);
      assert.deepEqual(warnings(byDefault), []);
      await using written = await start({ workers: 2, limits: { connections: 10_000 } }, 15_000);
      assert.equal(warnings(written).length, 1);
    },
  );
});
