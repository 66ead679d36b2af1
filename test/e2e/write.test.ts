/** Files are put and removed from outside: by curl, by many at once, on a disk that is full, and when the server stops. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { curl, headField } from '../support/curl.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get } from '../support/message.ts';
import { requires } from '../support/packages.ts';
import { field } from '../support/parse-response.ts';
import { put, putHead, TOKEN, tokensFile, WITH_TOKEN } from '../support/put.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { pseudoRandom, sha256 } from '../support/sha256.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

const WORKERS = 2;
const directory = temporaryDirectory();
const resources = new AsyncDisposableStack();
after(async () => {
  await resources.disposeAsync();
  directory.remove();
});
const tokens = tokensFile(directory);
const start = async (name: string, shutdown = '30s'): Promise<DreamServer> => {
  mkdirSync(directory.join(name), { recursive: true });
  const files = { root: directory.join(name), write: { tokens, maxSize: '64MiB' } };
  return resources.use(
    await startDreamServer({ routes: [{ files }], workers: WORKERS, timeouts: { shutdown } }),
  );
};
const entries = (name: string): string[] => readdirSync(directory.join(name)).toSorted();

suite('files are written', () => {
  let server: DreamServer;
  before(async () => {
    server = await start('site');
  });

  test('by curl, which gets them back', { skip: requires('curl') }, async () => {
    const bytes = pseudoRandom(20 * 2 ** 20);
    const source = directory.write('upload.bin', bytes);
    const url = `${server.url}/upload.bin`;
    const refused = await curl(['-T', source, '-H', 'Expect: 100-continue', url]);
    assert.equal(refused.status, 401);
    assert.equal(headField(refused.head, 'www-authenticate'), 'Bearer realm="files"');
    const created = await curl(['-T', source, '-H', WITH_TOKEN, url]);
    assert.deepEqual([created.code, created.status], [0, 201]);
    const got = await curl([url]);
    assert.equal(sha256(got.body), sha256(bytes));
    const piped = await curl(['-T', '-', '-H', WITH_TOKEN, url], Buffer.from('from a pipe'));
    assert.deepEqual([piped.code, piped.status], [0, 204]);
    assert.equal((await curl([url])).body.toString(), 'from a pipe');
    const removed = await curl(['-X', 'DELETE', '-H', WITH_TOKEN, url]);
    assert.equal(removed.status, 204);
    assert.equal((await curl([url])).status, 404);
    assert.ok(![...server.child.stdout, ...server.child.stderr].some((line) => line.includes(TOKEN)));
  });

  test('by one of fifty who know the same version, in whatever thread', async () => {
    for (let round = 0; round < 6; round++) {
      // As large as one can be that is read for its tag: the longer that takes, the more get into each other's way.
      const first = await exchange(server.port, put('/counter', String(round).repeat(2 ** 20)));
      const tag = field(first, 'etag');
      const clients = await Promise.all(
        Array.from({ length: 50 }, async () => {
          const client = await RawConnection.connect(server.port);
          await client.send(putHead('/counter', 8, `If-Match: ${tag}`, 'Expect: 100-continue'));
          await client.untilText('100 Continue');
          return client;
        }),
      );
      const contents = clients.map((_, i) => `${round} by ${String(i).padStart(3)}`);
      const statuses = await Promise.all(
        clients.map(async (client, i) => {
          await client.send(contents[i]);
          const response = await client.response('PUT');
          client.close();
          return response.status;
        }),
      );
      const winner = statuses.indexOf(204);
      assert.deepEqual(
        statuses.toSorted((a, b) => a - b),
        [204, ...Array<number>(49).fill(412)],
      );
      assert.equal(readFileSync(directory.join('site', 'counter'), 'utf8'), contents[winner]);
    }
  });

  test('by one of fifty who make the same file', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const response = await exchange(server.port, put('/made', `by ${i}`, 'If-None-Match: *'));
        return response.status;
      }),
    );
    assert.deepEqual(
      statuses.toSorted((a, b) => a - b),
      [201, ...Array<number>(49).fill(412)],
    );
  });

  test('while others read: each gets a whole version with its own tag', async () => {
    const versions = new Map<string, string>();
    const write = async (content: string): Promise<void> => {
      const response = await exchange(server.port, put('/read', content));
      versions.set(field(response, 'etag') ?? '', sha256(Buffer.from(content)));
    };
    await write('0');
    let writing = true;
    const seen: (readonly [tag: string, digest: string])[] = [];
    const readers = Array.from({ length: 8 }, async () => {
      using client = await RawConnection.connect(server.port);
      while (writing) {
        await client.send(get('/read'));
        const response = await client.response();
        assert.equal(response.status, 200);
        seen.push([field(response, 'etag') ?? '', sha256(response.body)]);
      }
    });
    for (let i = 1; i <= 30; i++) await write(String(i).repeat(i * 1000));
    writing = false;
    await Promise.all(readers);
    assert.ok(seen.length > 8);
    for (const [tag, digest] of seen) assert.equal(digest, versions.get(tag));
  });

  test('and every thread serves the new version from then on', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawConnection.connect(server.port)));
    const read = async (client: RawConnection): Promise<string> => {
      await client.send(get('/shared'));
      return (await client.response()).body.toString();
    };
    await Promise.all(clients.map(read));
    for (const content of ['one', 'two', 'three']) {
      await exchange(server.port, put('/shared', content));
      assert.deepEqual(new Set(await Promise.all(clients.map(read))), new Set([content]));
    }
    for (const client of clients) client.close();
  });

  test('and nothing else is left', () => {
    assert.deepEqual(entries('site'), ['counter', 'made', 'read', 'shared']);
  });
});

const needsRoot = process.getuid?.() === 0 ? false : 'only root may mount a file system';
test('a disk that is full keeps the old version, and nothing else', { skip: needsRoot }, async () => {
  mkdirSync(directory.join('small'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory.join('small')]);
  try {
    const server = await start('small');
    const bytes = 'x'.repeat(700_000);
    assert.equal((await exchange(server.port, put('/a', bytes))).status, 201);
    const before = server.requests.length;
    const response = await exchange(server.port, put('/a', 'y'.repeat(700_000)));
    assert.equal(response.status, 507);
    const entry = (await server.untilLogged(before + 2)).at(-1);
    assert.equal(entry?.error, 'static.no-space');
    assert.deepEqual(entries('small'), ['a']);
    assert.equal(readFileSync(directory.join('small', 'a'), 'utf8'), bytes);
    assert.equal((await exchange(server.port, put('/b', 'small'))).status, 201);
    await server.stop();
  } finally {
    execFileSync('umount', [directory.join('small')]);
  }
});

test('a server that stops waits for what is on its way, and leaves nothing of what takes too long', async () => {
  const server = await start('stopped', '1s');
  using quick = await RawConnection.connect(server.port);
  using slow = await RawConnection.connect(server.port);
  for (const [client, name] of [
    [quick, '/quick'],
    [slow, '/slow'],
  ] as const) {
    await client.send(`${putHead(name, 10)}12345`);
  }
  await until(() => entries('stopped').length === 2, { what: 'both are on their way' });
  const stopped = server.stop();
  await quick.send('67890');
  assert.equal((await quick.response('PUT')).status, 201);
  await stopped;
  assert.deepEqual(entries('stopped'), ['quick']);
});
