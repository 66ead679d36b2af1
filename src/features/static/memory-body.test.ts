import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ask, exchangeFor, openBelow, staticOptions } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { until } from '../../../test/support/until.ts';
import { readAll } from '../../http/body.ts';
import { Response } from '../../http/response.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';
import { HotFiles } from './hot-files.ts';
import { LARGEST_PIECE, MemoryBody } from './memory-body.ts';

const CONTENT = Buffer.alloc(3 * LARGEST_PIECE + 7, 'content ');
const unwanted = { end: () => assert.fail('ended'), fail: () => assert.fail('failed') };

suite('bytes in memory as a body', () => {
  test('come whole, in pieces that are not copies', async () => {
    const sizes: number[] = [];
    await new Promise<void>((resolve) => {
      new MemoryBody(CONTENT).flow({
        ...unwanted,
        data(chunk) {
          assert.equal(chunk.buffer, CONTENT.buffer);
          sizes.push(chunk.length);
          return true;
        },
        end: resolve,
      });
    });
    assert.deepEqual(sizes, [LARGEST_PIECE, LARGEST_PIECE, LARGEST_PIECE, 7]);
    assert.ok((await readAll(new MemoryBody(CONTENT), Infinity)).equals(CONTENT));
    assert.equal((await readAll(new MemoryBody(Buffer.alloc(0)), 0)).length, 0);
  });

  test('wait for a slow sink, the end too', async () => {
    const body = new MemoryBody(CONTENT);
    let received = 0;
    let ended = false;
    body.flow({
      ...unwanted,
      data(chunk) {
        received += chunk.length;
        return false;
      },
      end() {
        ended = true;
      },
    });
    for (let pieces = 1; pieces <= 3; pieces++) {
      assert.equal(received, pieces * LARGEST_PIECE);
      await nextTurn();
      body.resume();
    }
    assert.equal(received, CONTENT.length);
    assert.equal(ended, false);
    body.resume();
    assert.equal(ended, true);
  });

  test('stop when they are cancelled: before, inside of data, while the sink waits', () => {
    const before = new MemoryBody(CONTENT);
    before.cancel();
    before.flow({ ...unwanted, data: () => assert.fail('a piece came') });
    for (const takes of [true, false]) {
      const body = new MemoryBody(CONTENT);
      let pieces = 0;
      body.flow({
        ...unwanted,
        data() {
          pieces++;
          if (takes) body.cancel();
          return takes;
        },
      });
      body.cancel();
      body.resume();
      assert.equal(pieces, 1);
    }
  });
});

test('a large file that is asked for again is taken into memory and answered at once', async (t) => {
  using directory = temporaryDirectory();
  directory.write('large.bin', CONTENT);
  // As if it had been written long ago: what is young may change unseen and is not kept.
  const realNow = Date.now;
  t.mock.method(Date, 'now', () => realNow() + 60_000);
  const hot = new HotFiles();
  const handler = createStaticHandler(staticOptions(directory.path), { hotFiles: hot });

  const first = await ask(handler, '/large.bin');
  assert.ok(hot.bytes < CONTENT.length);
  await ask(handler, '/large.bin');
  await until(() => hot.bytes > CONTENT.length, { what: 'the file is in memory' });

  const response = handler(exchangeFor('/large.bin', { after: -FRESH_MS }));
  assert.ok(response instanceof Response);
  assert.ok(response.body instanceof MemoryBody);
  const kept = await ask(handler, '/large.bin');
  assert.ok(kept.body.equals(CONTENT));
  assert.deepEqual([...kept.response.headers], [...first.response.headers]);
  const part = await ask(handler, '/large.bin', { fields: ['Range: bytes=5-2000000'] });
  assert.ok(part.body.equals(CONTENT.subarray(5, 2_000_001)));
  assert.deepEqual(openBelow(directory.path), []);

  directory.write('large.bin', CONTENT.subarray(1));
  assert.ok((await ask(handler, '/large.bin', { after: FRESH_MS + 1 })).body.equals(CONTENT.subarray(1)));
});
