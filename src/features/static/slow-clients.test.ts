/**
 * Threat: many clients ask for many files and take nothing. What they hold of the shared memory stays there, and each
 * further answer would hold a file of its own.
 */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { ask, exchangeFor, fileMemory, staticOptions } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import type { BodySource } from '../../http/body.ts';
import { createStaticHandler } from './handler.ts';

const SIZE = 900_000;
const FILES = 40;
const CLIENTS = 8;

const directory = temporaryDirectory();
after(() => directory.remove());

const content = (i: number): Buffer => Buffer.alloc(SIZE, `${i};`);

/** Waits until it is lent bytes, and does not take them. */
function stall(body: BodySource): Promise<void> {
  return new Promise((resolve, reject) => {
    body.flow({
      data: () => {
        resolve();
        return false;
      },
      end: () => reject(new Error('nothing came')),
      fail: reject,
    });
  });
}

suite('clients that take nothing', () => {
  test('hold no more than a step of a file each, once the shared memory is theirs', async () => {
    for (let i = 0; i < FILES; i++) directory.write(`${i}.bin`, content(i));
    const files = fileMemory({ size: 4 * 2 ** 20, entries: 100 });
    const handler = createStaticHandler(staticOptions(directory.path), { files });
    const before = process.memoryUsage().arrayBuffers;
    const bodies: BodySource[] = [];
    for (let n = 0; n < FILES * CLIENTS; n++) {
      const { body } = await handler(exchangeFor(`/${n % FILES}.bin`));
      assert.ok(body !== null && !Buffer.isBuffer(body), `${n} holds all of its file`);
      bodies.push(body);
      await stall(body);
    }
    const held = process.memoryUsage().arrayBuffers - before;
    // Steps of a mebibyte and less, up to 64 MiB, and small ones from then on (`ReadBuffers`).
    assert.ok(held < 96 * 2 ** 20, `${held} bytes of ${bodies.length * SIZE} are held`);

    const tags = new Set<string | undefined>();
    for (let i = 0; i < FILES; i++) {
      const answer = await ask(handler, `/${i}.bin`);
      assert.ok(answer.body.equals(content(i)));
      tags.add(answer.field('ETag'));
      assert.match(answer.field('ETag') ?? '', /^(?:W\/)?"[\w-]{22}"$/);
    }
    assert.equal(tags.size, FILES);
    for (const body of bodies) body.cancel();
  });

  test('do not keep a file from having the same tag that it has with room, weak while it may still change', async () => {
    directory.write('tagged.bin', content(7));
    const tags = [2, 64].map(async (mebibytes) => {
      const files = fileMemory({ size: mebibytes * 2 ** 18, entries: 100 });
      const handler = createStaticHandler(staticOptions(directory.path), { files });
      return (await ask(handler, '/tagged.bin')).field('ETag');
    });
    const [without, withRoom] = await Promise.all(tags);
    assert.equal(without, `W/${withRoom}`);
  });
});
