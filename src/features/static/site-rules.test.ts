/** Where the rules of a site meet codings, ranges, and memory that threads share. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import {
  ask,
  exchangeFor,
  fileMemory,
  staticOptions,
  told,
  settleFiles,
} from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { Response } from '../../http/response.ts';
import type { Handler } from '../../pipeline/handler.ts';
import { FileMemory } from './file-memory.ts';
import { FileRecords } from './file-records.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';

const directory = temporaryDirectory();
directory.write('own/paper.txt', 'paper '.repeat(1000));
directory.write('own/sheet.css', 'plain');
directory.write('own/sheet.css.gz', 'zipped');
directory.write('own/theme.css.gz', 'zipped, of another file');
directory.write('own/about.html', 'about');
directory.write('own/docs/index.html', 'docs');
directory.write('theme/theme.css', 'theme');
directory.write('theme/alone.css', 'alone');
directory.write('theme/alone.css.gz', 'alone, zipped');
after(() => directory.remove());

// As if all of this had happened long ago: what has just been written is read again and again.
settleFiles();

const options = (more: Partial<StaticOptions>): StaticOptions =>
  staticOptions(directory.join('own'), { furtherRoots: [directory.join('theme')], ...more });
const serving = (more: Partial<StaticOptions>, files = fileMemory()): Handler =>
  createStaticHandler(options(more), { files });

suite('a file in a coding', () => {
  const handler = serving({
    precompressed: ['gzip'],
    compress: { codings: ['gzip'], minSize: 1000, types: undefined },
    cacheControl: [
      ['*.gz', 'no-store'],
      ['**', 'max-age=60'],
    ],
    download: ['*.txt', 'sheet.css'],
  });

  for (const [target, name] of [
    ['/sheet.css', 'sheet.css'],
    ['/paper.txt', 'paper.txt'],
  ] as const) {
    test(`${target} has the fields of the file itself, in 200, 206 and 304`, async () => {
      const zipped = 'Accept-Encoding: gzip';
      const first = await ask(handler, target, { fields: [zipped] });
      const etag = `If-None-Match: ${first.field('ETag')}`;
      for (const [status, field] of [
        [200, 'Accept: */*'],
        [206, 'Range: bytes=0-1'],
        [304, etag],
      ] as const) {
        const answer = await ask(handler, target, { fields: [zipped, field] });
        assert.equal(answer.status, status);
        assert.equal(answer.field('Cache-Control'), 'max-age=60');
        assert.equal(answer.field('Vary'), 'Accept-Encoding');
        if (status === 304) continue;
        assert.equal(answer.field('Content-Encoding'), 'gzip');
        assert.equal(answer.field('Content-Disposition'), `attachment; filename="${name}"`);
      }
    });
  }

  test('has them where several parts of it are asked for', async () => {
    const answer = await ask(handler, '/paper.txt', { fields: ['Range: bytes=0-9,5000-5009'] });
    assert.equal(answer.status, 206);
    assert.match(answer.field('Content-Type') ?? '', /^multipart\/byteranges/);
    assert.equal(answer.field('Cache-Control'), 'max-age=60');
    assert.equal(answer.field('Content-Disposition'), 'attachment; filename="paper.txt"');
  });

  test('is taken from beside the file, and not from another root', async () => {
    const fields = ['Accept-Encoding: gzip'];
    assert.equal((await ask(handler, '/sheet.css', { fields })).text, 'zipped');
    assert.equal((await ask(handler, '/alone.css', { fields })).text, 'alone, zipped');
    for (let i = 0; i < 2; i++) {
      const answer = await ask(handler, '/theme.css', { fields });
      assert.equal(answer.text, 'theme');
      assert.equal(answer.field('Content-Encoding'), undefined);
    }
  });
});

suite('what another thread has in memory', () => {
  const memory = FileRecords.memory({ size: 2 ** 20, entries: 100 });
  const thread = (more: Partial<StaticOptions>): Handler =>
    serving(more, new FileMemory({ memory, threads: 2, watch: false }));

  test('is found at once, with the rules of the site', async () => {
    const site = { cacheControl: [['**', 'no-cache']], types: [['.txt', 'text/x-paper']] } as const;
    await ask(thread(site), '/paper.txt');
    const answer = thread(site)(exchangeFor('/paper.txt'));
    assert.ok(answer instanceof Response);
    assert.equal(answer.headers.get('Cache-Control'), 'no-cache');
    assert.equal(answer.headers.get('Content-Type'), 'text/x-paper; charset=utf-8');
  });

  test('is not served where the path is redirected, or means something else', async () => {
    for (const target of ['/about.html', '/docs/index.html', '/docs/']) await ask(thread({}), target);
    const clean = thread({ cleanUrls: true });
    assert.equal(told(await ask(clean, '/about.html')), '/about');
    assert.equal(told(await ask(clean, '/docs/index.html')), '/docs/');
    assert.equal(told(await ask(clean, '/docs/')), 'docs');
    const first = thread({ try: [{ ofPath: false, rest: '/about.html' }] });
    assert.equal(told(await ask(first, '/docs/')), 'about');
    assert.equal(told(await ask(first, '/paper.txt')), 'about');
  });

  test('of a further root gives way to a file in the first', async () => {
    await ask(thread({}), '/alone.css');
    const handler = thread({});
    assert.ok(handler(exchangeFor('/alone.css', { after: -FRESH_MS })) instanceof Response);
    const path = directory.write('own/alone.css', 'own');
    assert.equal((await ask(handler, '/alone.css', { after: FRESH_MS + 1 })).text, 'own');
    assert.equal((await ask(thread({}), '/alone.css', { after: FRESH_MS + 1 })).text, 'own');
    rmSync(path);
    assert.equal((await ask(handler, '/alone.css', { after: 2 * FRESH_MS + 2 })).text, 'alone');
  });
});
