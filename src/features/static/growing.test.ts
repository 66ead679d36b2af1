/** A log is written to all the time, a page put in the place of another. Each is served as it was when it was opened, also where no two looks agree. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, suite, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ask, fileMemory, openBelow, staticOptions } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { createStaticHandler } from './handler.ts';

const directory = temporaryDirectory();
after(() => directory.remove());

const LINE = 'a line of the log\n';

/** Appends as fast as it can; tells when it has begun. */
const APPENDING = `
  const { appendFileSync, openSync } = require('node:fs');
  const { parentPort, workerData: { path, line } } = require('node:worker_threads');
  const fd = openSync(path, 'a');
  appendFileSync(fd, line);
  parentPort.postMessage('begun');
  for (;;) appendFileSync(fd, line);
`;

suite('a file that is appended to all the time', () => {
  for (const [what, lines, size] of [
    ['small', 1000, 2 ** 26],
    ['large', 80_000, 2 ** 26],
    ['too large for the cache', 50_000, 2 ** 20],
  ] as const) {
    test(`is served, when it is ${what}`, async () => {
      const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory({ size }) });
      for (let round = 0; round < 20; round++) {
        const path = directory.write('app.log', LINE.repeat(lines));
        const writer = new Worker(APPENDING, { eval: true, workerData: { path, line: LINE } });
        await once(writer, 'message');
        const answers = await Promise.all([ask(handler, '/app.log'), ask(handler, '/app.log?again')]);
        await writer.terminate();
        for (const { status, response, body } of answers) {
          assert.equal(status, 200);
          assert.equal(body.length, response.body?.length);
          assert.ok(body.length > lines * LINE.length);
          assert.ok(LINE.repeat(Math.ceil(body.length / LINE.length)).startsWith(body.toString()));
        }
      }
      assert.deepEqual(openBelow(directory.path), []);
    });
  }
});

test('what is written anew, and longer, is not taken for what was appended to', async () => {
  const handler = createStaticHandler(staticOptions(directory.path), {
    files: fileMemory({ size: 2 ** 20 }),
  });
  directory.write('page.txt', 'a'.repeat(20_000));
  assert.equal((await ask(handler, '/page.txt')).text, 'a'.repeat(20_000));
  // Its bytes have to go, and what is said of it stays.
  for (let i = 0; i < 60; i++) {
    directory.write(`other-${i}.txt`, String(i).padEnd(20_000));
    await ask(handler, `/other-${i}.txt`);
  }
  directory.write('page.txt', 'b'.repeat(30_000));
  assert.equal((await ask(handler, '/page.txt')).text, 'b'.repeat(30_000));
});

/** Puts files in the place of one another as fast as it can; tells when it has begun. */
const REPLACING = `
  const { renameSync, writeFileSync } = require('node:fs');
  const { parentPort, workerData: { path, length } } = require('node:worker_threads');
  for (let i = 0; ; i++) {
    writeFileSync(path + '.new', Buffer.alloc(length, 97 + (i % 26)));
    renameSync(path + '.new', path);
    if (i === 0) parentPort.postMessage('begun');
  }
`;

suite('a file that is replaced all the time', () => {
  for (const length of [2000, 200_000]) {
    test(`is served whole, one of them: ${length} bytes`, async () => {
      const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory() });
      const writer = new Worker(REPLACING, {
        eval: true,
        workerData: { path: directory.join('page.html'), length },
      });
      await once(writer, 'message');
      for (let round = 0; round < 200; round++) {
        const { status, body } = await ask(handler, `/page.html?${round}`);
        assert.equal(status, 200);
        assert.ok(body.equals(Buffer.alloc(length, body[0])), 'of one version');
      }
      await writer.terminate();
      assert.deepEqual(openBelow(directory.path), []);
    });
  }
});
