import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseByteranges } from '../../../test/support/byteranges.ts';
import { patterned } from '../../../test/support/site.ts';
import {
  ask,
  exchangeFor,
  fileMemory,
  openBelow,
  staticOptions,
} from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import type { BodySource } from '../../http/body.ts';
import { createStaticHandler } from './handler.ts';
import { readBuffers } from './read-buffers.ts';

const SMALL = Buffer.from(patterned(100_000));
/** Too large to keep in memory, so that every part of it is read from the disk. */
const LARGE = Buffer.from(patterned(20 * 2 ** 20));

const directory = temporaryDirectory();
directory.write('small.txt', SMALL);
directory.write('large.txt', LARGE);
after(() => directory.remove());

const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory() });

function assertNothingHeld(): void {
  assert.deepEqual(openBelow(directory.path), []);
  assert.equal(readBuffers.bytesOut, 0);
}

for (const [path, content] of [
  ['/small.txt', SMALL],
  ['/large.txt', LARGE],
] as const) {
  const end = content.length;

  suite(`${path}: several ranges`, async () => {
    const known = await ask(handler, path, { method: 'HEAD' });
    for (const [range, ...expected] of [
      ['bytes=0-1,5000-5001', [0, 1], [5000, 5001]],
      ['bytes=5000-5001 , 0-1', [5000, 5001], [0, 1]],
      ['bytes=0-0,-1', [0, 0], [end - 1, end - 1]],
      ['bytes=-1,0-0,40000-49999', [end - 1, end - 1], [0, 0], [40_000, 49_999]],
      ['bytes=10000-39999,99000-99999,500-2000', [10_000, 39_999], [99_000, 99_999], [500, 2000]],
      ['bytes=0-1,999999999-,5000-5001', [0, 1], [5000, 5001]],
      // Of these, some overlap or are near.
      ['bytes=0-999,5000-5001,500-1500,1510-1600', [0, 1600], [5000, 5001]],
    ] as const) {
      test(range, async () => {
        const answer = await ask(handler, path, { fields: [`Range: ${range}`] });
        assert.equal(answer.status, 206);
        assert.equal(answer.field('Content-Range'), undefined);
        assert.equal(answer.response.body?.length, answer.body.length);
        const parts = parseByteranges(answer.field('Content-Type'), answer.body);
        assert.deepEqual(
          parts.map(({ contentRange }) => contentRange),
          expected.map(([first, last]) => `bytes ${first}-${last}/${end}`),
        );
        for (const [i, { type, bytes }] of parts.entries()) {
          const [first, last] = expected[i] as readonly [number, number];
          assert.equal(type, known.field('Content-Type'));
          assert.ok(bytes.equals(content.subarray(first, last + 1)));
        }
        for (const name of ['ETag', 'Last-Modified', 'Accept-Ranges']) {
          assert.equal(answer.field(name), known.field(name));
        }
        assertNothingHeld();
      });
    }

    test('the whole, where the parts would take more bytes', async () => {
      for (const range of [`bytes=0-${end / 2 - 200},${end / 2}-`, `bytes=${end - 5000}-,0-${end - 5200}`]) {
        const answer = await ask(handler, path, { fields: [`Range: ${range}`] });
        assert.equal(answer.status, 200, range);
        assert.ok(answer.body.equals(content));
      }
    });

    test('the whole, where more are asked for than anybody needs', async () => {
      const range = Array.from({ length: 33 }, (_, i) => `${i * 1000}-${i * 1000}`).join(',');
      const answer = await ask(handler, path, { fields: [`Range: bytes=${range}`] });
      assert.equal(answer.status, 200);
    });

    test('never more bytes than the file has, however they are asked for', async () => {
      for (const step of [1, 100, 150, 200, 1000, 3000]) {
        for (const size of [1, 50, 2900]) {
          const places = Array.from({ length: 32 }, (_, i) => ((i * 7) % 32) * step);
          const range = places.map((first) => `${first}-${first + size - 1}`).join(',');
          const answer = await ask(handler, path, { fields: [`Range: bytes=${range}`] });
          const what = `${size} bytes every ${step}`;
          assert.ok(answer.body.length <= end, what);
          if (answer.field('Content-Type')?.startsWith('multipart/') !== true) continue;
          const parts = parseByteranges(answer.field('Content-Type'), answer.body);
          for (const first of places) {
            const asked = content.subarray(first, first + size);
            const holds = parts.some(({ bytes, contentRange }) => {
              const start = Number(/\d+/.exec(contentRange)?.[0]);
              return start <= first && bytes.subarray(first - start, first - start + size).equals(asked);
            });
            assert.ok(holds, `${what}: ${first}`);
          }
        }
      }
      assertNothingHeld();
    });

    test('HEAD knows none, and If-Range has to hold', async () => {
      const fields = ['Range: bytes=0-1,5000-5001'];
      assert.equal((await ask(handler, path, { method: 'HEAD', fields })).status, 200);
      assert.equal((await ask(handler, path, { fields: [...fields, 'If-Range: "no"'] })).status, 200);
      assert.equal((await ask(handler, path, { fields: [...fields, 'If-None-Match: *'] })).status, 304);
      assertNothingHeld();
    });
  });
}

suite('several ranges read from the disk', () => {
  const FIELDS = ['Range: bytes=0-3000000,5000000-5000009,9000000-12000000'];
  const several = async (path = '/large.txt'): Promise<BodySource> => {
    const { status, body } = await handler(exchangeFor(path, { fields: FIELDS }));
    assert.equal(status, 206);
    assert.ok(body !== null && !Buffer.isBuffer(body));
    return body;
  };

  test('hold one descriptor, and no more memory than one does, for a client that waits', async () => {
    const body = await several();
    let received = 0;
    const ended = new Promise<void>((resolve, reject) => {
      body.flow({
        data(chunk) {
          received += chunk.length;
          assert.equal(openBelow(directory.path).length <= 1, true);
          assert.ok(readBuffers.bytesOut <= 2 * 2 ** 20, String(readBuffers.bytesOut));
          void nextTurn().then(() => body.resume());
          return false;
        },
        end: resolve,
        fail: reject,
      });
    });
    await ended;
    assert.equal(received, body.length);
    assertNothingHeld();
  });

  for (const after of [0, 1, 2_000_000, 3_000_200, 5_000_000]) {
    test(`let go of it when the client goes ${after} bytes in`, async () => {
      const exchange = exchangeFor('/large.txt', { fields: FIELDS });
      const { body } = await handler(exchange);
      assert.ok(body !== null && !Buffer.isBuffer(body));
      assert.equal(openBelow(directory.path).length, 1);
      if (after > 0) {
        let received = 0;
        await new Promise<void>((resolve) => {
          body.flow({
            data(chunk) {
              received += chunk.length;
              if (received >= after) resolve();
              return received < after;
            },
            end: () => assert.fail(),
            fail: () => assert.fail(),
          });
        });
      }
      exchange.abort();
      // A read that is on its way ends first.
      while (openBelow(directory.path).length > 0) await nextTurn();
      assertNothingHeld();
    });
  }

  test('let go of it when the client has gone before the file is open', async () => {
    const exchange = exchangeFor('/large.txt', { fields: FIELDS });
    const answer = handler(exchange);
    exchange.abort();
    await answer;
    assertNothingHeld();
  });

  test('break off where the file has become shorter', async () => {
    directory.write('shrinking.txt', LARGE);
    const path = directory.join('shrinking.txt');
    const body = await several('/shrinking.txt');
    const chunks: Buffer[] = [];
    const error = await new Promise((resolve, reject) => {
      body.flow({
        data(chunk) {
          chunks.push(Buffer.from(chunk));
          truncateSync(path, 10_000_000);
          return true;
        },
        end: () => reject(new Error('it was all there')),
        fail: ({ code }) => resolve(code),
      });
    });
    assert.equal(error, 'static.file-changed');
    const bytes = Buffer.concat(chunks);
    assert.ok(bytes.length > 3_000_000 && bytes.length < 5_000_000, String(bytes.length));
    assert.ok(bytes.includes(LARGE.subarray(9_000_000, 10_000_000)));
    assertNothingHeld();
  });
});
