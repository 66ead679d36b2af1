import assert from 'node:assert/strict';
import { ftruncateSync, openSync, truncateSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  ask,
  collect,
  exchangeFor,
  fileMemory,
  openBelow,
  staticOptions,
} from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import type { DreamError } from '../../core/errors.ts';
import type { BodySink } from '../../http/body.ts';
import { FileBody } from './file-body.ts';
import { createStaticHandler } from './handler.ts';
import { readBuffers } from './read-buffers.ts';

const SIZE = 5 * 2 ** 20 + 3;
const CONTENT = Buffer.alloc(SIZE);
for (let at = 0; at < SIZE; at++) CONTENT[at] = (at * 31 + (at >> 8)) & 0xff;

const directory = temporaryDirectory();
const path = directory.write('large.bin', CONTENT);
after(() => directory.remove());

/** What a sink saw in the end, its chunks copied. */
interface Outcome {
  readonly bytes: Buffer;
  readonly error: DreamError | undefined;
}

type Step = (sink: { body: FileBody; chunk: Buffer; received: number }) => boolean;

/** Let a body flow into a sink that takes each chunk as `step` says. */
function flow(body: FileBody, step: Step): Promise<Outcome> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const sink: BodySink = {
      data(chunk) {
        chunks.push(Buffer.from(chunk));
        received += chunk.length;
        return step({ body, chunk, received });
      },
      end: () => resolve({ bytes: Buffer.concat(chunks), error: undefined }),
      fail: (error) => resolve({ bytes: Buffer.concat(chunks), error }),
    };
    body.flow(sink);
  });
}

const whole = (): FileBody => new FileBody(openSync(path, 'r'), 0, SIZE);

function assertNothingHeld(): void {
  assert.deepEqual(openBelow(directory.path), []);
  assert.equal(readBuffers.bytesOut, 0);
}

/** A read that is on its way ends first. */
async function untilNothingHeld(): Promise<void> {
  while (openBelow(directory.path).length > 0) await nextTurn();
  assertNothingHeld();
}

suite('a file as a body', () => {
  test('flows into a sink that keeps pace', async () => {
    const { bytes, error } = await flow(whole(), () => true);
    assert.equal(error, undefined);
    assert.ok(bytes.equals(CONTENT));
    assertNothingHeld();
  });

  test('waits for a slow sink, and leaves the chunk alone until it goes on', async () => {
    let waiting = false;
    const { bytes, error } = await flow(whole(), ({ body, chunk }) => {
      assert.ok(!waiting, 'a chunk came while the sink was waiting');
      waiting = true;
      const copy = Buffer.from(chunk);
      void (async () => {
        for (let turns = 0; turns < 5; turns++) await nextTurn();
        assert.ok(copy.equals(chunk), 'the lent chunk was written to');
        waiting = false;
        body.resume();
      })();
      return false;
    });
    assert.equal(error, undefined);
    assert.ok(bytes.equals(CONTENT));
    assertNothingHeld();
  });

  test('holds one chunk and the next, however large the file is and however long the sink waits', async () => {
    const body = whole();
    const resumed = flow(body, ({ received }) => received > 2 ** 20);
    while (readBuffers.bytesOut < 2 ** 21) await nextTurn();
    for (let turns = 0; turns < 50; turns++) await nextTurn();
    assert.equal(readBuffers.bytesOut, 2 ** 21);
    body.resume();
    assert.ok((await resumed).bytes.equals(CONTENT));
    assertNothingHeld();
  });

  test('reads nothing ahead while many bytes are out', async () => {
    const held = Array.from({ length: 16 }, () => readBuffers.take(Infinity));
    const before = readBuffers.bytesOut;
    const body = whole();
    const refused = Promise.withResolvers<void>();
    const flowing = flow(body, ({ received }) => {
      if (received > 2 ** 18) return true;
      refused.resolve();
      return false;
    });
    await refused.promise;
    for (let turns = 0; turns < 50; turns++) await nextTurn();
    assert.equal(readBuffers.bytesOut - before, 2 ** 18);
    for (const buffer of held) readBuffers.release(buffer);
    body.resume();
    assert.ok((await flowing).bytes.equals(CONTENT));
    assertNothingHeld();
  });

  test('gives exactly the part that was asked for', async () => {
    for (const [start, length] of [
      [0, 1],
      [1, 2 ** 20],
      [2 ** 20 - 1, 2],
      [12_345, 3_000_000],
      [SIZE - 1, 1],
      [0, 0],
    ] as const) {
      const { bytes, error } = await flow(new FileBody(openSync(path, 'r'), start, length), () => true);
      assert.equal(error, undefined);
      assert.ok(bytes.equals(CONTENT.subarray(start, start + length)), `${length} bytes from ${start}`);
    }
    assertNothingHeld();
  });
});

suite('the descriptor is closed', () => {
  test('when the body is cancelled before it flows, also twice', () => {
    const body = whole();
    body.cancel();
    body.cancel();
    body.flow({ data: () => assert.fail(), end: () => assert.fail(), fail: () => assert.fail() });
    assertNothingHeld();
  });

  test('when it is cancelled while a read is on its way', async () => {
    const body = whole();
    body.flow({ data: () => assert.fail(), end: () => assert.fail(), fail: () => assert.fail() });
    body.cancel();
    await untilNothingHeld();
  });

  test('when the sink cancels inside of data, or while it is waiting', async () => {
    for (const answer of [true, false]) {
      const body = whole();
      await new Promise<void>((resolve) => {
        body.flow({
          data() {
            body.cancel();
            resolve();
            return answer;
          },
          end: () => assert.fail(),
          fail: () => assert.fail(),
        });
      });
      body.resume();
      await untilNothingHeld();
    }
  });

  test('when the client goes in the middle of an answer', async () => {
    const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory() });
    const exchange = exchangeFor('/large.bin');
    const { body } = await handler(exchange);
    assert.ok(body instanceof FileBody);
    assert.equal(openBelow(directory.path).length, 1);
    await new Promise<void>((resolve) => {
      body.flow({
        data() {
          resolve();
          return false;
        },
        end: () => assert.fail(),
        fail: () => assert.fail(),
      });
    });
    exchange.abort();
    await untilNothingHeld();
  });

  test('when the client has gone before the file is open', async () => {
    const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory() });
    const exchange = exchangeFor('/large.bin');
    const answer = handler(exchange);
    exchange.abort();
    await answer;
    assertNothingHeld();
  });

  test('after two hundred requests of every kind', async () => {
    const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory() });
    const kinds = [
      {},
      { method: 'HEAD' },
      { fields: ['Range: bytes=5-1000'] },
      { fields: ['If-None-Match: *'] },
      { fields: ['Range: bytes=99999999-'] },
    ];
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const kind = kinds[i % kinds.length];
          const response = await handler(exchangeFor('/large.bin', kind));
          if (i % 5 === 0 && response.body instanceof FileBody) response.body.cancel();
          else await collect(response, kind?.method);
        }),
      );
    }
    assertNothingHeld();
  });
});

suite('a body fails', () => {
  test('when the file becomes shorter: what came is right, and nothing is made up', async () => {
    const shrinking = directory.write('shrinking.bin', CONTENT);
    const { bytes, error } = await flow(new FileBody(openSync(shrinking, 'r'), 0, SIZE), ({ received }) => {
      if (received <= 2 ** 20) truncateSync(shrinking, 2 ** 20 + 100);
      return true;
    });
    assert.equal(error?.code, 'static.file-changed');
    assert.ok(bytes.length < SIZE);
    assert.ok(bytes.equals(CONTENT.subarray(0, bytes.length)));
    assertNothingHeld();
  });

  test('not when the file grows: the length that was promised comes', async () => {
    const growing = directory.write('growing.bin', CONTENT);
    const fd = openSync(growing, 'r+');
    const { bytes, error } = await flow(new FileBody(fd, 0, SIZE), ({ received }) => {
      if (received <= 2 ** 20) ftruncateSync(fd, SIZE * 2);
      return true;
    });
    assert.equal(error, undefined);
    assert.ok(bytes.equals(CONTENT));
  });

  test('when it cannot be read', async () => {
    const { error } = await flow(new FileBody(openSync(directory.path, 'r'), 0, SIZE), () => true);
    assert.equal(error?.code, 'static.unreadable');
    assertNothingHeld();
  });
});

test('many at once each get the whole file', async () => {
  const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory() });
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(handler, '/large.bin')));
  assert.ok(answers.every(({ body }) => body.equals(CONTENT)));
  assertNothingHeld();
});
