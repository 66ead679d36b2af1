/** Files that change all the time, in a cache that is too small for them, which two workers share. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { after, suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { MemoryWatch } from '../support/memory.ts';
import { temporaryDirectory } from '../support/temp.ts';

const directory = temporaryDirectory();
after(() => directory.remove());

/** Content that says whose it is: each of its lines has the number of the file, and that of the version. */
function content(file: number, version: number): Buffer {
  const line = `file ${file} version ${version}\n`;
  const lengths = [200, 9000, 40_000, 120_000];
  return Buffer.alloc(lengths[(file + version) % lengths.length] + version, line);
}

interface Answer {
  readonly status: number | undefined;
  readonly etag: string | undefined;
  readonly body: Buffer;
}

function ask(server: DreamServer, path: string, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(`${server.url}${path}`, { agent }, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      // node:http fails it where there are fewer bytes than were announced.
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          etag: response.headers.etag,
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.on('error', reject);
  });
}

const digestOf = (body: Buffer): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;

suite('files that change while two workers serve them', () => {
  for (const [how, replace, isAtomic] of [
    [
      'replaced by renaming',
      (path: string, bytes: Buffer) => {
        writeFileSync(`${path}.new`, bytes);
        renameSync(`${path}.new`, path);
      },
      true,
    ],
    ['written in place', (path: string, bytes: Buffer) => writeFileSync(path, bytes), false],
  ] as const) {
    test(`${how}: each answer is whole${isAtomic ? ', and its tag is that of its bytes' : ''}`, async () => {
      const files = 40;
      const root = directory.join(how.slice(0, 4));
      const paths = Array.from({ length: files }, (_, i) =>
        directory.write(`${how.slice(0, 4)}/${i}.txt`, content(i, 0)),
      );
      await using server = await startDreamServer({
        routes: [{ files: { root } }],
        fileCache: { size: '1MiB', entries: 30 },
        workers: 2,
      });
      const agent = new Agent({ keepAlive: true, maxSockets: 16 });
      let version = 0;
      let isOver = false;
      const changing = (async () => {
        while (!isOver) {
          version++;
          replace(paths[version % files], content(version % files, version));
          await nextTurn();
        }
      })();
      const seen = new Set<string>();
      const client = async (number: number): Promise<void> => {
        for (let i = 0; i < 150; i++) {
          const file = (number * 7 + i * 3) % files;
          const answer = await ask(server, `/${file}.txt`, agent).catch(
            (error: NodeJS.ErrnoException) => error,
          );
          // What becomes shorter while it is read is not sent, or the connection is closed.
          if (!isAtomic && (answer instanceof Error || answer.status === 500)) continue;
          if (answer instanceof Error) throw answer;
          const { status, etag, body } = answer;
          assert.equal(status, 200);
          seen.add(etag ?? '');
          // What is written to while it is sent is not protected, as docs/static-files.md says; but it is as long as announced.
          if (!isAtomic) continue;
          assert.equal(etag?.replace('W/', ''), digestOf(body));
          const of = /^file (\d+) version (\d+)\n/.exec(body.toString('latin1', 0, 40));
          assert.equal(Number(of?.[1]), file);
          assert.ok(body.equals(content(file, Number(of?.[2]))), 'bytes of two versions');
        }
      };
      try {
        await Promise.all(Array.from({ length: 16 }, (_, i) => client(i)));
      } finally {
        isOver = true;
        await changing;
        agent.destroy();
      }
      assert.ok(seen.size > files, `only ${seen.size} versions were seen`);
    });
  }
});

test('memory is bounded by the cache and 64 MiB, however many files are asked for', async () => {
  const size = 100_000;
  const files = 2000;
  for (let i = 0; i < files; i++) directory.write(`many/${i}.bin`, Buffer.alloc(size, `${i};`));
  await using server = await startDreamServer({
    routes: [{ files: { root: directory.join('many') } }],
    fileCache: { size: '64MiB' },
    workers: 2,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const round = async (count: number): Promise<void> => {
    const client = async (number: number): Promise<void> => {
      for (let i = number; i < count; i += 16) {
        const { body } = await ask(server, `/${i}.bin`, agent);
        assert.ok(body.equals(Buffer.alloc(size, `${i};`)), 'the bytes of another file');
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, i) => client(i)));
  };
  // What serving takes by itself.
  await round(32);
  using memory = new MemoryWatch(server.pid);
  for (let rounds = 0; rounds < 3; rounds++) await round(files);
  agent.destroy();
  assert.ok(memory.growth < 128 * 2 ** 20, `grown by ${Math.round(memory.growth / 2 ** 20)} MiB`);
});
