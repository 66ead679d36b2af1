import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { after, mock, suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  ask,
  exchangeFor,
  fileMemory,
  openBelow,
  staticOptions,
} from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { Response } from '../../http/response.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';

const directory = temporaryDirectory();
after(() => directory.remove());

const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory() });
const later = { after: FRESH_MS + 1 };
/** However long the machine was busy with something else. */
const atOnce = { after: -FRESH_MS };

/** Ask so that the file is in memory, as one that was changed long ago; what it is answered with from then on. */
async function remember(path: string): Promise<Response> {
  const now = mock.method(Date, 'now', () => performance.timeOrigin + performance.now() + 60_000);
  await ask(handler, path);
  now.mock.restore();
  return answerOf(await handler(exchangeFor(path, atOnce)));
}

/** What is kept of the answer, whose body may be one for this exchange alone. */
function answerOf(response: Response | PromiseLike<Response>): Response {
  assert.ok(response instanceof Response, 'it is not answered at once');
  if (response.body !== null && !Buffer.isBuffer(response.body)) response.body.cancel();
  return response.original ?? response;
}

suite('a file in memory', () => {
  test('is trusted for half a second, then looked at', async () => {
    const path = directory.write('trusted.txt', 'old');
    const remembered = await remember('/trusted.txt');
    writeFileSync(path, 'newer');
    assert.equal(answerOf(handler(exchangeFor('/trusted.txt', atOnce))), remembered);
    assert.equal((await ask(handler, '/trusted.txt', later)).text, 'newer');
  });

  test('that has changed is told to whoever asks in the very same words as before', async () => {
    const path = directory.write('asked-again.txt', 'old');
    const etag = (await remember('/asked-again.txt')).headers.get('etag');
    const asked = exchangeFor('/asked-again.txt', { ...atOnce, fields: [`If-None-Match: ${etag}`] });
    for (let i = 0; i < 2; i++) assert.equal((handler(asked) as Response).status, 304);
    writeFileSync(path, 'newer');
    Object.assign(asked, { startedAt: exchangeFor('/', later).startedAt });
    assert.equal((await handler(asked)).status, 200);
  });

  test('is served on without being read again while it stays the same', async () => {
    directory.write('same.txt', 'same');
    const remembered = await remember('/same.txt');
    assert.equal(answerOf(handler(exchangeFor('/same.txt', later))), remembered);
    assert.equal(answerOf(handler(exchangeFor('/same.txt', { after: 3_600_000 }))), remembered);
  });

  test('that has just been changed is read again: its time stamps may hide another change', async () => {
    directory.write('young.txt', 'young');
    const { response } = await ask(handler, '/young.txt');
    const again = await ask(handler, '/young.txt', later);
    assert.notEqual(again.response, response);
    assert.equal(again.text, 'young');
  });
});

test('the date of a file that has just been changed, or is to come, makes no If-Range hold (RFC 9110 §8.8.2.2)', async () => {
  const path = directory.write('dated.txt', '0123456789');
  const statusAt = async (mtime: number): Promise<number> => {
    utimesSync(path, mtime / 1000, mtime / 1000);
    const known = await ask(handler, '/dated.txt', { method: 'HEAD', ...later });
    const fields = ['Range: bytes=0-1', `If-Range: ${known.field('Last-Modified')}`];
    return (await ask(handler, '/dated.txt', { fields, ...atOnce })).status;
  };
  assert.equal(await statusAt(Date.now()), 200);
  assert.equal(await statusAt(Date.now() + 3_600_000), 200);
  assert.equal(await statusAt(Date.now() - 3_600_000), 206);
});

suite('a change is seen', () => {
  for (const [what, change, expected] of [
    ['written to', (path: string) => writeFileSync(path, 'newer and longer'), 'newer and longer'],
    ['appended to', (path: string) => appendFileSync(path, '!'), 'old!'],
    [
      'written to, with the same size and date',
      (path: string) => {
        const { atime, mtime } = statSync(path);
        writeFileSync(path, 'OLD');
        utimesSync(path, atime, mtime);
      },
      'OLD',
    ],
    [
      'replaced by renaming, with the same size and date',
      (path: string) => {
        const { atime, mtime } = statSync(path);
        writeFileSync(`${path}.new`, 'OLD');
        utimesSync(`${path}.new`, atime, mtime);
        renameSync(`${path}.new`, path);
      },
      'OLD',
    ],
    [
      'replaced by a link',
      (path: string) => {
        rmSync(path);
        symlinkSync(directory.write('linked-to.txt', 'linked'), path);
      },
      'linked',
    ],
    ['emptied', (path: string) => writeFileSync(path, ''), ''],
  ] as const) {
    test(what, async () => {
      const path = directory.write('changed.txt', 'old');
      const before = await ask(handler, '/changed.txt', { after: 10_000 });
      assert.equal(before.text, 'old');
      await remember('/changed.txt');
      change(path);
      const answer = await ask(handler, '/changed.txt', later);
      assert.equal(answer.text, expected);
      assert.notEqual(answer.field('ETag'), before.field('ETag'));
      rmSync(path);
    });
  }

  test('removed', async () => {
    const path = directory.write('removed.txt', 'here');
    await remember('/removed.txt');
    rmSync(path);
    assert.equal((await ask(handler, '/removed.txt', later)).status, 404);
  });

  test('a directory has taken its place', async () => {
    const path = directory.write('now-a-directory', 'file');
    await remember('/now-a-directory');
    rmSync(path);
    mkdirSync(path);
    assert.equal((await ask(handler, '/now-a-directory', later)).status, 301);
  });

  test('an index file comes and goes', async () => {
    mkdirSync(directory.join('folder'));
    assert.equal((await ask(handler, '/folder/')).status, 403);
    const index = directory.write('folder/index.html', 'index');
    assert.equal((await ask(handler, '/folder/')).text, 'index');
    rmSync(index);
    assert.equal((await ask(handler, '/folder/', later)).status, 403);
  });

  test('the next release: a link above the file leads elsewhere', async () => {
    directory.write('releases/1/page.txt', 'first');
    directory.write('releases/2/page.txt', 'second');
    symlinkSync('releases/1', directory.join('current'));
    assert.equal((await ask(handler, '/current/page.txt')).text, 'first');
    await remember('/current/page.txt');
    symlinkSync('releases/2', directory.join('next'));
    renameSync(directory.join('next'), directory.join('current'));
    assert.equal((await ask(handler, '/current/page.txt', later)).text, 'second');
  });
});

suite('no answer mixes two versions', () => {
  test('of a large file that was replaced since it was looked at', async () => {
    const path = directory.write('large.bin', Buffer.alloc(2 * 2 ** 20, 'a'));
    const before = await remember('/large.bin');
    writeFileSync(`${path}.new`, Buffer.alloc(3 * 2 ** 20, 'b'));
    renameSync(`${path}.new`, path);
    const answer = await ask(handler, '/large.bin');
    assert.equal(answer.response.body?.length, 3 * 2 ** 20);
    assert.ok(answer.body.equals(Buffer.alloc(3 * 2 ** 20, 'b')));
    assert.notEqual(answer.field('ETag'), before.headers.get('ETag'));
  });

  for (const [what, replace] of [
    ['written to', (path: string, content: Buffer) => writeFileSync(path, content)],
    [
      'replaced by renaming',
      (path: string, content: Buffer) => {
        writeFileSync(`${path}.new`, content);
        renameSync(`${path}.new`, path);
      },
    ],
  ] as const) {
    test(`of a file that is ${what} all the time`, async () => {
      const sizes: Record<string, number> = { a: 300_000, b: 200_000, c: 900_000 };
      const letters = Object.keys(sizes);
      const contents = letters.map((letter) => Buffer.alloc(sizes[letter], letter));
      const path = directory.write('restless.txt', contents[0]);
      for (let round = 0; round < 60; round++) {
        const asked = ask(handler, '/restless.txt', { after: round * 1000 });
        const rewriting = (async () => {
          for (let turns = round % 5; turns > 0; turns--) await nextTurn();
          replace(path, contents[round % 3]);
        })();
        const { status, body, text } = await asked;
        await rewriting;
        assert.equal(status, 200);
        assert.equal(body.length, sizes[text[0]]);
        assert.ok(
          contents.some((content) => content.equals(body)),
          'two versions in one answer',
        );
      }
    });
  }

  test('and no descriptor stays', () => assert.deepEqual(openBelow(directory.path), []));
});
