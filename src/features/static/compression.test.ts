import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  type Answer,
  ask,
  exchangeFor,
  fileMemory,
  staticOptions,
} from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import type { ContentCoding } from '../../http/content-coding.ts';
import { Response } from '../../http/response.ts';
import type { Handler } from '../../pipeline/handler.ts';
import type { CompressOptions } from './compress-schema.ts';
import { Compressor } from './compressor.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';

const COMPRESS: CompressOptions = { codings: ['br', 'zstd', 'gzip'], minSize: 1024 };
const SCRIPT = Buffer.from('const answer = 42; console.log(answer);\n'.repeat(500));
const DECODERS: Record<ContentCoding, (bytes: Buffer) => Buffer> = {
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  gzip: gunzipSync,
};
const later = FRESH_MS + 1;

const directory = temporaryDirectory();
after(() => directory.remove());
for (const [name, content] of [
  ['app.js', SCRIPT],
  ['small.js', SCRIPT.subarray(0, 1023)],
  ['just.js', SCRIPT.subarray(0, 1024)],
  ['large.js', Buffer.alloc(2 * 2 ** 20, SCRIPT)],
  ['huge.js', Buffer.alloc(8 * 2 ** 20 + 1, SCRIPT)],
  ['medium.js', Buffer.alloc(2 ** 20, SCRIPT)],
  ['noise.txt', randomBytes(4096)],
  ['photo.png', SCRIPT],
  ['data.bin', SCRIPT],
  ['both.js', SCRIPT],
  ['both.js.gz', 'zipped at leisure'],
  ['index.html', Buffer.alloc(5000, '<p>Hello</p>')],
  ['archive.gz', SCRIPT],
] as const) {
  directory.write(name, content);
}

// As if all of this had happened a minute ago: what has just been written is not worth the work yet.
const realNow = Date.now;
let passed = 60_000;
Date.now = () => realNow() + passed;
after(() => {
  Date.now = realNow;
});

/** Counts what is compressed. */
class CountingCompressor extends Compressor {
  readonly jobs: string[] = [];

  override compress(bytes: Buffer, coding: ContentCoding): Promise<Buffer | undefined> {
    this.jobs.push(`${coding} ${bytes.length}`);
    return super.compress(bytes, coding);
  }
}

function serving(
  options: Partial<StaticOptions> = {},
  { files = fileMemory(), compressor = new Compressor() } = {},
): Handler {
  const all = staticOptions(directory.path, { compress: COMPRESS, ...options });
  return createStaticHandler(all, { files, compressor });
}
const handler = serving();

const accepting = (path: string, acceptEncoding: string, on = handler, after = 0): Promise<Answer> =>
  ask(on, path, { fields: [`Accept-Encoding: ${acceptEncoding}`], after });

const codingOf = async (path: string, on = handler, accept = 'br, zstd, gzip'): Promise<string | undefined> =>
  (await accepting(path, accept, on)).field('Content-Encoding');

suite('a file is compressed when it is asked for', () => {
  for (const coding of ['br', 'zstd', 'gzip'] as const) {
    test(`with ${coding}`, async () => {
      const answer = await accepting('/app.js', coding);
      assert.equal(answer.status, 200);
      assert.equal(answer.field('Content-Encoding'), coding);
      assert.equal(answer.field('Content-Type'), 'text/javascript; charset=utf-8');
      assert.equal(answer.field('Vary'), 'Accept-Encoding');
      assert.equal(answer.field('Accept-Ranges'), 'bytes');
      assert.match(answer.field('ETag') ?? '', new RegExp(`^"[\\w-]{22}-${coding}"$`));
      assert.ok(DECODERS[coding](answer.body).equals(SCRIPT));
      assert.ok(answer.body.length < SCRIPT.length / 10);
    });
  }

  test('once, however many ask at once and after', async () => {
    const compressor = new CountingCompressor();
    const on = serving({}, { compressor });
    const answers = await Promise.all(Array.from({ length: 20 }, () => accepting('/app.js', 'br', on)));
    assert.equal(new Set(answers.map(({ response }) => response)).size, 1);
    assert.equal((await accepting('/app.js', 'br', on, later)).response, answers[0].response);
    assert.equal((await accepting('/app.js', 'br', on, 3_600_000)).response, answers[0].response);
    assert.deepEqual(compressor.jobs, [`br ${SCRIPT.length}`]);
    await accepting('/app.js', 'gzip', on);
    assert.deepEqual(compressor.jobs, [`br ${SCRIPT.length}`, `gzip ${SCRIPT.length}`]);
  });

  test('once under all of its names', async () => {
    const compressor = new CountingCompressor();
    const on = serving({}, { compressor });
    const answers = await Promise.all(['/', '/index.html'].map((path) => accepting(path, 'br', on)));
    assert.equal(answers[0].response, answers[1].response);
    assert.equal(compressor.jobs.length, 1);
  });

  test('and is there at once from then on, the same object each time', async () => {
    const { response } = await accepting('/app.js', 'br');
    assert.ok(response.reusable);
    assert.equal(handler(exchangeFor('/app.js', { fields: ['Accept-Encoding: br'] })), response);
  });

  test('to HEAD with the same fields', async () => {
    const head = await ask(serving(), '/app.js', { method: 'HEAD', fields: ['Accept-Encoding: zstd'] });
    const get = await accepting('/app.js', 'zstd');
    assert.deepEqual([...head.response.headers], [...get.response.headers]);
    assert.equal(head.response.body?.length, get.body.length);
  });

  test('from a size on', async () => {
    assert.equal(await codingOf('/just.js'), 'br');
    assert.equal(await codingOf('/small.js'), undefined);
    assert.equal(await codingOf('/small.js', serving({ compress: { ...COMPRESS, minSize: 100 } })), 'br');
  });

  test('with the codings that are configured, in their order', async () => {
    const on = serving({ compress: { ...COMPRESS, codings: ['gzip', 'br'] } });
    assert.equal(await codingOf('/app.js', on), 'gzip');
    assert.equal(await codingOf('/app.js', on, 'zstd'), undefined);
  });

  test('in the types that become smaller, or that are configured', async () => {
    assert.equal(await codingOf('/data.bin'), undefined);
    for (const types of [['application/octet-stream'], ['text/html', 'application/*']]) {
      const on = serving({ compress: { ...COMPRESS, types } });
      assert.equal(await codingOf('/data.bin', on), 'br');
      assert.equal(await codingOf('/app.js', on), undefined);
    }
    assert.equal(
      await codingOf('/app.js', serving({ compress: { ...COMPRESS, types: ['text/javascript'] } })),
      'br',
    );
  });
});

suite('a file is served as it is', () => {
  for (const [why, path] of [
    ['when it is small', '/small.js'],
    ['when it is larger than 8 MiB', '/huge.js'],
    ['when its type is compressed', '/photo.png'],
    ['when nobody knows whether it would become smaller', '/data.bin'],
    ['when its name says that it is compressed', '/archive.gz'],
  ] as const) {
    test(`${why}, and nothing is said of other forms`, async () => {
      const on = serving({
        compress: { ...COMPRESS, types: path === '/archive.gz' ? ['application/*'] : undefined },
      });
      for (const answer of [await ask(on, path), await accepting(path, 'br', on)]) {
        assert.equal(answer.field('Content-Encoding'), undefined);
        assert.equal(answer.field('Vary'), undefined);
      }
    });
  }

  test('to who accepts no coding, and it is said that there are others', async () => {
    const compressor = new CountingCompressor();
    const on = serving({}, { compressor });
    for (const accept of ['', 'identity', 'deflate', 'br;q=0', 'identity;q=1, *;q=0']) {
      const answer = await accepting('/app.js', accept, on);
      assert.ok(answer.body.equals(SCRIPT));
      assert.equal(answer.field('Vary'), 'Accept-Encoding');
    }
    assert.deepEqual(compressor.jobs, []);
  });

  test('when compressing does not make it smaller, which is tried once', async () => {
    const compressor = new CountingCompressor();
    const on = serving({}, { compressor });
    assert.equal(await codingOf('/noise.txt', on), undefined);
    assert.equal(await codingOf('/noise.txt', on), undefined);
    assert.equal(await codingOf('/noise.txt', on, 'gzip'), undefined);
    assert.equal(compressor.jobs.length, 1);
  });

  test('in the two seconds after a change, when it may be changing still', async () => {
    passed = -60_000;
    directory.write('young.js', SCRIPT);
    const young = await accepting('/young.js', 'br');
    passed = 60_000;
    assert.equal(young.field('Content-Encoding'), undefined);
    assert.equal(young.field('Vary'), 'Accept-Encoding');
    assert.equal((await accepting('/young.js', 'br', handler, later)).field('Content-Encoding'), 'br');
  });

  test('while it is compressed, when that takes long', async () => {
    const compressor = new CountingCompressor();
    const on = serving({}, { compressor });
    const first = await accepting('/medium.js', 'br, gzip', on);
    assert.equal(first.field('Content-Encoding'), undefined);
    assert.equal(first.field('Vary'), 'Accept-Encoding');
    while ((await codingOf('/medium.js', on)) === undefined) await nextTurn();
    assert.deepEqual(compressor.jobs, [`br ${2 ** 20}`]);
  });

  test('while it is not in memory', async () => {
    const on = serving();
    const first = await accepting('/large.js', 'br', on);
    assert.equal(first.body.length, 2 * 2 ** 20);
    assert.equal(first.field('Content-Encoding'), undefined);
    let answer = first;
    while (answer.field('Content-Encoding') === undefined) {
      await nextTurn();
      answer = await accepting('/large.js', 'br', on);
    }
    assert.ok(brotliDecompressSync(answer.body).equals(first.body));
  });

  test('while there is too much to compress', async () => {
    const compressor = new CountingCompressor();
    const on = serving({}, { compressor });
    await ask(on, '/app.js');
    const others = [1, 2].map(() => compressor.compress(Buffer.alloc(8 * 2 ** 20, SCRIPT), 'gzip'));
    const response = on(exchangeFor('/app.js', { fields: ['Accept-Encoding: br'], after: -FRESH_MS }));
    assert.ok(response instanceof Response);
    assert.equal(response.headers.get('Content-Encoding'), undefined);
    await Promise.all(others);
    assert.equal(compressor.jobs.length, 2);
    assert.equal(await codingOf('/app.js', on), 'br');
  });
});

suite('what was compressed', () => {
  test('has its own validators and ranges', async () => {
    const whole = await accepting('/app.js', 'gzip');
    const etag = whole.field('ETag') ?? '';
    const asked = (accept: string, ...fields: string[]): Promise<Answer> =>
      ask(handler, '/app.js', { fields: [`Accept-Encoding: ${accept}`, ...fields] });
    assert.equal((await asked('gzip', `If-None-Match: ${etag}`)).status, 304);
    assert.equal((await asked('br', `If-None-Match: ${etag}`)).status, 200);
    assert.equal((await asked('identity', `If-None-Match: ${etag}`)).status, 200);
    assert.equal((await asked('br', `If-Match: ${etag}`)).status, 412);
    const part = await asked('gzip', 'Range: bytes=10-29', `If-Range: ${etag}`);
    assert.equal(part.status, 206);
    assert.equal(part.field('Content-Range'), `bytes 10-29/${whole.body.length}`);
    assert.equal(part.field('Content-Encoding'), 'gzip');
    assert.ok(part.body.equals(whole.body.subarray(10, 30)));
    assert.equal((await asked('br', 'Range: bytes=10-29', `If-Range: ${etag}`)).status, 200);
    assert.equal((await asked('gzip', `Range: bytes=${whole.body.length}-`)).status, 416);
  });

  test('goes with the version that it was made of', async () => {
    const path = directory.write('edited.js', SCRIPT);
    const before = await accepting('/edited.js', 'br');
    writeFileSync(path, Buffer.concat([SCRIPT, SCRIPT]));
    const changed = await accepting('/edited.js', 'br', handler, later);
    assert.equal(brotliDecompressSync(changed.body).length, 2 * SCRIPT.length);
    assert.notEqual(changed.field('ETag'), before.field('ETag'));
  });

  test('takes no more room than there is', async () => {
    const files = fileMemory({ size: 2 ** 16, entries: 30 });
    const compressor = new CountingCompressor();
    const on = serving({}, { files, compressor });
    for (let i = 0; i < 40; i++) directory.write(`many/${i}.js`, SCRIPT);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 40; i++) {
        const answer = await accepting(`/many/${i}.js`, 'gzip', on);
        assert.ok(gunzipSync(answer.body).equals(SCRIPT));
        assert.ok(files.hot.bytes <= 2 ** 20 * 32);
      }
    }
    assert.ok(compressor.jobs.length >= 40);
  });

  test('does without room at all', async () => {
    const on = serving({}, { files: fileMemory({ size: 0 }) });
    assert.equal(await codingOf('/app.js', on), 'br');
    assert.equal(await codingOf('/app.js', on), 'br');
  });

  test('comes after what was compressed before the site went up', async () => {
    const on = serving({ precompressed: ['gzip'] });
    assert.equal((await accepting('/both.js', 'br, gzip', on)).text, 'zipped at leisure');
    assert.equal(await codingOf('/both.js', on, 'br'), 'br');
    assert.equal(await codingOf('/both.js', on, 'br, gzip;q=0.9'), 'br');
    assert.equal(await codingOf('/app.js', on, 'br, gzip'), 'br');
  });
});
