import assert from 'node:assert/strict';
import { after, before, mock, suite, test } from 'node:test';
import { WorkCounter } from '../../../test/support/counted-work.ts';
import {
  ask,
  collect,
  exchangeFor,
  fileMemory,
  staticOptions,
} from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { Response } from '../../http/response.ts';
import { FileMemory, sharedMemory } from './file-memory.ts';
import { FileRecords } from './file-records.ts';
import { createStaticHandler } from './handler.ts';
import { KeptBody } from './kept-bytes.ts';
import { PassingBody } from './passing-body.ts';

const directory = temporaryDirectory();
after(() => directory.remove());

const SIZES = [50, 500, 5000];
const path = (i: number): string => `/d${i % 50}/file-${i}.txt`;
/** However long the machine was busy with something else. */
const atOnce = { after: -3_600_000 };

suite('what a request costs does not depend on how many files there are', () => {
  before(() => {
    for (let i = 0; i < SIZES[2]; i++) directory.write(path(i), `file ${i} ${'x'.repeat(100)}`);
  });

  /** Work per request when so many files are in memory: of a thread that has its answers, and of one that has not. */
  async function costs(files: number): Promise<{ ready: number; shared: number }> {
    const memory = FileRecords.memory({ size: 256 * 2 ** 20, entries: 10_000 });
    const options = { memory, threads: 1, watch: false };
    const loading = createStaticHandler(staticOptions(directory.path), { files: new FileMemory(options) });
    for (let i = 0; i < files; i++) await ask(loading, path(i));
    const other = createStaticHandler(staticOptions(directory.path), { files: new FileMemory(options) });
    const exchanges = Array.from({ length: files }, (_, i) => exchangeFor(path(i), atOnce));
    const run = (handler: typeof other) => () => {
      for (const exchange of exchanges)
        assert.ok(handler(exchange) instanceof Response, 'it was not in memory');
    };
    using counter = new WorkCounter();
    const shared = counter.count(run(other)) / files;
    return { ready: counter.count(run(other)) / files, shared };
  }

  test('whether its answer is ready made, or another thread has its bytes', async () => {
    const few = await costs(SIZES[0]);
    for (const files of SIZES.slice(1)) {
      const many = await costs(files);
      assert.ok(many.ready <= 1.1 * few.ready, `${many.ready} with ${files} files, ${few.ready} with few`);
      assert.ok(
        many.shared <= 1.1 * few.shared,
        `${many.shared} with ${files} files, ${few.shared} with few`,
      );
    }
  });
});

suite('the room', () => {
  test('is for bytes and for answers that are ready made, together', async () => {
    for (const size of [2 ** 20, 2 ** 22]) {
      const memory = sharedMemory({ size, entries: 10_000 });
      const files = new FileMemory({ memory, threads: 1, watch: false });
      const handler = createStaticHandler(staticOptions(directory.path), { files });
      for (let i = 0; i < SIZES[2]; i++) await ask(handler, path(i));
      assert.ok(files.hot.bytes > size / 9, `${files.hot.bytes} of ${size}`);
      assert.ok(
        files.hot.bytes + memory.byteLength <= size,
        `${files.hot.bytes} beside ${memory.byteLength}`,
      );
    }
  });
});

suite('without a cache', () => {
  test('every file is read anew, and answered all the same', async () => {
    const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory({ size: 0 }) });
    for (let round = 0; round < 2; round++) {
      directory.write('changing.txt', `round ${round}`);
      const answer = await ask(handler, '/changing.txt');
      assert.equal(answer.text, `round ${round}`);
      const tag = answer.field('ETag') ?? '';
      assert.equal((await ask(handler, '/changing.txt', { fields: [`If-None-Match: ${tag}`] })).status, 304);
    }
    const large = Buffer.alloc(3 * 2 ** 20, 'large');
    directory.write('large.bin', large);
    assert.ok((await ask(handler, '/large.bin')).body.equals(large));
    assert.equal((await ask(handler, '/large.bin', { fields: ['Range: bytes=5-9'] })).text, 'large');
  });
});

suite('bytes that had to go', () => {
  test('are read again at once, and the tag stays', async () => {
    const content = (i: number): string => `${i};`.repeat(10_000);
    const files = Array.from({ length: 60 }, (_, i) => `/aged-${i}.txt`);
    for (const [i, file] of files.entries()) directory.write(file, content(i));
    const handler = createStaticHandler(staticOptions(directory.path), {
      files: fileMemory({ size: 2 ** 20, entries: 200 }),
    });
    const tags: (string | undefined)[] = [];
    // As files that were changed long ago.
    const date = mock.method(Date, 'now', () => performance.timeOrigin + performance.now() + 60_000);
    for (const file of files) tags.push((await ask(handler, file)).field('ETag'));
    date.mock.restore();
    for (let i = files.length - 1; i >= 0; i--) {
      const exchange = exchangeFor(files[i], { after: 600_000 });
      // However busy the machine is: where it takes long, another thread has to do it.
      const clock = mock.method(performance, 'now', () => 1e9);
      const answer = handler(exchange);
      clock.mock.restore();
      assert.ok(answer instanceof Response, `${files[i]} was not read at once`);
      const collected = await collect(answer);
      assert.equal(collected.text, content(i));
      assert.equal(collected.field('ETag'), tags[i]);
    }
  });

  test('are kept again when they are asked for again, and not by a crawl', async () => {
    const content = (i: number): string => `${i};`.repeat(2000);
    const files = Array.from({ length: 300 }, (_, i) => `/crawled-${i}.txt`);
    for (const [i, file] of files.entries()) directory.write(file, content(i));
    const memory = FileRecords.memory({ size: 2 ** 20, entries: 1000 });
    const thread = () =>
      createStaticHandler(staticOptions(directory.path), {
        files: new FileMemory({ memory, threads: 1, watch: false }),
      });
    const loading = thread();
    // As files that were changed long ago.
    const date = mock.method(Date, 'now', () => performance.timeOrigin + performance.now() + 60_000);
    for (const file of files) await ask(loading, file);
    date.mock.restore();
    // One that has no answers of its own yet.
    const handler = thread();
    const bodyOf = async (i: number): Promise<Response['body']> => {
      const clock = mock.method(performance, 'now', () => 1e9);
      const answer = handler(exchangeFor(files[i], { after: 600_000 }));
      clock.mock.restore();
      assert.ok(answer instanceof Response, `${files[i]} was not read at once`);
      assert.equal((await collect(answer)).text, content(i));
      return answer.body;
    };
    let passing = 0;
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < files.length; i++) if ((await bodyOf(i)) instanceof PassingBody) passing++;
    }
    // As many as fit stay where they are; the others come and go.
    assert.ok(passing > 200 && passing < 600, `${passing}`);
    const gone = 0;
    await bodyOf(gone);
    assert.ok((await bodyOf(gone)) instanceof KeptBody);
  });
});
