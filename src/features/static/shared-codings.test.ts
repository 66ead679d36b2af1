import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { ask, fileMemory, staticOptions, settleFiles } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { Compressor } from './compressor.ts';
import { FileMemory } from './file-memory.ts';
import { FileRecords } from './file-records.ts';
import { createStaticHandler } from './handler.ts';

const GZIP = { fields: ['Accept-Encoding: gzip'] };
const compress = { codings: ['gzip'], minSize: 1024 } as const;

const directory = temporaryDirectory();
after(() => directory.remove());

// As if all of this had happened a minute ago: what has just been written is not worth the work yet.
settleFiles();

class CountingCompressor extends Compressor {
  jobs = 0;

  override compress(...job: Parameters<Compressor['compress']>): Promise<Buffer | undefined> {
    this.jobs++;
    return super.compress(...job);
  }
}

suite('what one thread compressed', () => {
  for (const [size, text] of [
    ['small', Buffer.from('text '.repeat(1000))],
    ['larger than what is copied', Buffer.from(randomBytes(40_000).toString('hex'))],
  ] as const) {
    test(`others serve, when it is ${size}`, async () => {
      directory.write('shared.txt', text);
      const memory = FileRecords.memory({ size: 2 ** 20, entries: 100 });
      const compressor = new CountingCompressor();
      const threads = [1, 2, 3].map(() => {
        const files = new FileMemory({ memory, threads: 3, watch: false });
        return createStaticHandler(staticOptions(directory.path, { compress }), { files, compressor });
      });
      const tags = new Set<string | undefined>();
      for (const thread of threads) {
        const answer = await ask(thread, '/shared.txt', GZIP);
        assert.equal(answer.field('Content-Encoding'), 'gzip');
        assert.ok(gunzipSync(answer.body).equals(text));
        tags.add(answer.field('ETag'));
      }
      assert.equal(tags.size, 1);
      assert.equal(compressor.jobs, 1);
    });
  }

  for (const [size, room] of [
    ['small', 2 ** 18],
    ['large enough to take it in again', 2 ** 20],
  ] as const) {
    test(`is compressed again when it had to go, and never mixed with what it was made of; the memory is ${size}`, async () => {
      const count = room / 2 ** 13;
      const texts = Array.from({ length: count }, () => Buffer.from(randomBytes(20_000).toString('hex')));
      for (const [i, text] of texts.entries()) directory.write(`many/${i}.txt`, text);
      const compressor = new CountingCompressor();
      const deps = { files: fileMemory({ size: room, entries: 1000 }), compressor };
      const options = { compress, precompressed: ['gzip'] } as const;
      const handler = createStaticHandler(staticOptions(directory.path, options), deps);
      let coded = 0;
      for (let i = 0; i < 4 * count; i++) {
        const place = (i * 7) % count;
        const answer = await ask(handler, `/many/${place}.txt`, GZIP);
        assert.equal(answer.status, 200);
        const isCoded = answer.field('Content-Encoding') === 'gzip';
        if (isCoded) coded++;
        assert.ok((isCoded ? gunzipSync(answer.body) : answer.body).equals(texts[place]));
        await nextTurn();
      }
      assert.ok(coded > 2 * count, `${coded} of ${4 * count} were compressed`);
      assert.ok(compressor.jobs > count, `${compressor.jobs}`);
    });
  }
});
