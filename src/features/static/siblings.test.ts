import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import {
  type Answer,
  ask,
  exchangeFor,
  fileMemory,
  openBelow,
  staticOptions,
  settleFiles,
} from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { Response } from '../../http/response.ts';
import type { Handler } from '../../pipeline/handler.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';

const ALL = ['br', 'zstd', 'gzip'] as const;
/** Too large to be in memory when it is first asked for. */
const LARGE = Buffer.alloc(2 * 2 ** 20, 'large ');
const later = FRESH_MS + 1;

const directory = temporaryDirectory();
const site = (name: string, content: string | Uint8Array): string => directory.write(`site/${name}`, content);
// A sibling's bytes need not be what they say: nobody looks inside.
for (const [name, content] of [
  ['app.js', 'plain'],
  ['app.js.br', 'brotli'],
  ['app.js.zst', 'zstd!'],
  ['app.js.gz', 'gzip!!'],
  ['index.html', '<h1>Home</h1>'],
  ['index.html.gz', 'home, zipped'],
  ['only.css', 'only gzip'],
  ['only.css.gz', 'zipped'],
  ['alone.txt', 'alone'],
  ['photo.png', 'picture'],
  ['photo.png.gz', 'must not be used'],
  ['model.glb', 'of no known kind'],
  ['model.glb.br', 'yet compressed'],
  ['large.js', 'small'],
  ['large.js.gz', LARGE],
  ['.well-known/x.txt', 'known'],
  ['.well-known/x.txt.gz', 'known, zipped'],
] as const) {
  site(name, content);
}
after(() => directory.remove());

// As if all of this had happened long ago: what has just been written is read again and again.
settleFiles();

const serving = (options: Partial<StaticOptions> = {}): Handler =>
  createStaticHandler(staticOptions(directory.join('site'), { precompressed: ALL, ...options }), {
    files: fileMemory(),
  });
const handler = serving();

const accepting = (
  path: string,
  acceptEncoding: string | undefined,
  { on = handler, ...question }: { on?: Handler; method?: string; fields?: string[]; after?: number } = {},
): Promise<Answer> => {
  const fields = question.fields ?? [];
  const all = acceptEncoding === undefined ? fields : [...fields, `Accept-Encoding: ${acceptEncoding}`];
  return ask(on, path, { ...question, fields: all });
};

suite('a file with siblings is answered', () => {
  for (const [path, acceptEncoding, text, coding] of [
    ['/app.js', undefined, 'plain', undefined],
    ['/app.js', '', 'plain', undefined],
    ['/app.js', 'gzip, deflate, br, zstd', 'brotli', 'br'],
    ['/app.js', 'gzip, zstd', 'zstd!', 'zstd'],
    ['/app.js', 'gzip', 'gzip!!', 'gzip'],
    ['/app.js', 'x-gzip', 'gzip!!', 'gzip'],
    ['/app.js', 'br;q=0.5, gzip;q=0.8', 'gzip!!', 'gzip'],
    ['/app.js', 'identity, br;q=0.5', 'plain', undefined],
    ['/app.js', 'br;q=0, *', 'zstd!', 'zstd'],
    ['/app.js', 'deflate', 'plain', undefined],
    ['/only.css', 'br, gzip', 'zipped', 'gzip'],
    ['/only.css', 'br', 'only gzip', undefined],
    // RFC 9110 §12.4.1: rather an answer than a 406.
    ['/only.css', 'br, identity;q=0', 'only gzip', undefined],
    ['/only.css', 'gzip;q=0.1, br', 'zipped', 'gzip'],
    ['/', 'gzip', 'home, zipped', 'gzip'],
    ['/index.html', 'gzip', 'home, zipped', 'gzip'],
    ['/.well-known/x.txt', 'gzip', 'known, zipped', 'gzip'],
    ['/model.glb', 'gzip, br', 'yet compressed', 'br'],
    ['/alone.txt', 'gzip', 'alone', undefined],
  ] as const) {
    test(`${path} to ${JSON.stringify(acceptEncoding)}: ${coding ?? 'as it is'}`, async () => {
      const plain = await ask(handler, path);
      const answer = await accepting(path, acceptEncoding);
      assert.equal(answer.status, 200);
      assert.equal(answer.text, text);
      assert.equal(answer.field('Content-Encoding'), coding);
      assert.equal(answer.field('Content-Type'), plain.field('Content-Type'));
      assert.equal(answer.field('Vary'), 'Accept-Encoding');
      assert.equal(answer.field('Accept-Ranges'), 'bytes');
      assert.match(
        answer.field('ETag') ?? '',
        coding === undefined ? /^"[\w-]{22}"$/ : RegExp(`^"[\\w-]{22}-${coding}"$`),
      );
    });
  }

  test('and once it is in memory at once, with the same answer each time', async () => {
    const fields = ['Accept-Encoding: br'];
    const { response } = await accepting('/app.js', 'br');
    assert.ok(response.reusable);
    for (const after of [0, later]) {
      const again = handler(exchangeFor('/app.js', { fields, after }));
      assert.ok(again instanceof Response);
      assert.equal(again.original, response.original);
    }
  });

  test('to HEAD with the same fields', async () => {
    const get = await accepting('/app.js', 'br');
    const head = await accepting('/app.js', 'br', { method: 'HEAD' });
    assert.deepEqual([...head.response.headers], [...get.response.headers]);
    assert.equal(head.response.body?.length, 'brotli'.length);
  });

  test('in an order of the site’s own', async () => {
    const on = serving({ precompressed: ['gzip', 'br'] });
    assert.equal((await accepting('/app.js', 'br, gzip, zstd', { on })).text, 'gzip!!');
    assert.equal((await accepting('/app.js', 'zstd', { on })).text, 'plain');
  });

  test('many at once take the sibling in once', async () => {
    const on = serving();
    const answers = await Promise.all(Array.from({ length: 20 }, () => accepting('/app.js', 'br', { on })));
    assert.equal(new Set(answers.map(({ response }) => response.headers)).size, 1);
  });

  test('from the disk, when the sibling is large', async () => {
    const answer = await accepting('/large.js', 'gzip');
    assert.ok(answer.body.equals(LARGE));
    assert.equal(answer.field('Content-Encoding'), 'gzip');
    assert.match(answer.field('ETag') ?? '', /^"[\w-]+-gzip"$/);
    const part = await accepting('/large.js', 'gzip', { fields: ['Range: bytes=6-11'] });
    assert.equal(part.text, 'large ');
    assert.equal(part.field('Content-Range'), `bytes 6-11/${LARGE.length}`);
    assert.equal(part.field('Content-Encoding'), 'gzip');
    // From memory, once it is there.
    for (let i = 0; i < 4; i++) {
      const again = await accepting('/large.js', 'gzip');
      assert.ok(again.body.equals(LARGE));
      assert.equal(again.field('ETag'), answer.field('ETag'));
    }
  });
});

suite('there is nothing to negotiate', () => {
  for (const [path, on, text] of [
    ['/photo.png', handler, 'picture'],
    ['/app.js.br', handler, 'brotli'],
    ['/app.js.gz', handler, 'gzip!!'],
    ['/app.js', serving({ precompressed: [] }), 'plain'],
  ] as const) {
    test(`for ${path}${on === handler ? '' : ' where no codings are configured'}`, async () => {
      const answer = await accepting(path, 'br, gzip', { on });
      assert.equal(answer.text, text);
      assert.equal(answer.field('Content-Encoding'), undefined);
      assert.equal(answer.field('Vary'), undefined);
    });
  }

  test('for what is not there, even if a sibling is', async () => {
    site('ghost.js.gz', 'boo');
    assert.equal((await accepting('/ghost.js', 'gzip')).status, 404);
  });
});

suite('each form has its own validators', async () => {
  const etagOf = async (acceptEncoding: string): Promise<string> =>
    (await accepting('/app.js', acceptEncoding)).field('ETag') ?? '';
  const [br, gzip, plain] = [await etagOf('br'), await etagOf('gzip'), await etagOf('identity')];

  test('that differ', () => assert.equal(new Set([br, gzip, plain]).size, 3));

  for (const [field, status] of [
    [`If-None-Match: ${br}`, 304],
    [`If-None-Match: ${gzip}`, 200],
    [`If-None-Match: ${plain}`, 200],
    [`If-None-Match: ${gzip}, ${br}`, 304],
    [`If-Match: ${br}`, 200],
    [`If-Match: ${gzip}`, 412],
    [`If-Match: ${plain}`, 412],
  ] as const) {
    test(`${field.replace(br, 'br').replace(gzip, 'gzip').replace(plain, 'plain')} to who takes br: ${status}`, async () => {
      const answer = await accepting('/app.js', 'br', { fields: [field] });
      assert.equal(answer.status, status);
      if (status !== 412) assert.equal(answer.field('ETag'), br);
      assert.equal(answer.field('Vary'), status === 412 ? 'Accept, Accept-Encoding' : 'Accept-Encoding');
      if (status === 304) assert.equal(answer.field('Content-Encoding'), undefined);
    });
  }

  test('ranges are of the coded bytes', async () => {
    const part = await accepting('/app.js', 'gzip', { fields: ['Range: bytes=1-3', `If-Range: ${gzip}`] });
    assert.equal(part.status, 206);
    assert.equal(part.text, 'zip');
    assert.equal(part.field('Content-Range'), 'bytes 1-3/6');
    assert.equal(part.field('Content-Encoding'), 'gzip');
    assert.equal(part.field('ETag'), gzip);
    assert.equal(part.field('Vary'), 'Accept-Encoding');
  });

  test('If-Range with the tag of another form gives the whole', async () => {
    const whole = await accepting('/app.js', 'br', { fields: ['Range: bytes=1-3', `If-Range: ${gzip}`] });
    assert.equal(whole.status, 200);
    assert.equal(whole.text, 'brotli');
  });

  test('a range outside of it is told its length', async () => {
    const answer = await accepting('/app.js', 'zstd', { fields: ['Range: bytes=5-'] });
    assert.equal(answer.status, 416);
    assert.equal(answer.field('Content-Range'), 'bytes */5');
    assert.equal(answer.field('Vary'), 'Accept, Accept-Encoding');
  });
});

suite('a sibling', () => {
  const old = (path: string, secondsAgo: number): void => {
    const date = (performance.timeOrigin + performance.now()) / 1000 - secondsAgo;
    utimesSync(path, date, date);
  };

  test('that is older than its file is not used, one of the same age within two seconds is', async () => {
    old(site('stale.js', 'new'), 10);
    for (const [age, text] of [
      [12.5, 'new'],
      [11.5, 'old'],
      [10, 'old'],
      [5, 'old'],
    ] as const) {
      old(site('stale.js.br', 'old'), age);
      assert.equal((await accepting('/stale.js', 'br', { on: serving() })).text, text, `${age} s`);
    }
  });

  test('is not used any more when its file is changed without it', async () => {
    const path = site('edited.js', 'first');
    old(path, 100);
    old(site('edited.js.br', 'first, coded'), 99);
    assert.equal((await accepting('/edited.js', 'br')).text, 'first, coded');
    writeFileSync(path, 'second');
    assert.equal((await accepting('/edited.js', 'br', { after: later })).text, 'second');
    assert.equal((await accepting('/edited.js', 'br', { after: 2 * later })).text, 'second');
    site('edited.js.br', 'second, coded');
    assert.equal((await accepting('/edited.js', 'br', { after: 3 * later })).text, 'second, coded');
  });

  test('is noticed when it comes, changes and goes', async () => {
    site('seen.js', 'plain');
    let at = 0;
    const seen = async (): Promise<string> =>
      (await accepting('/seen.js', 'br', { after: (at += later) })).text;
    assert.equal(await seen(), 'plain');
    const path = site('seen.js.br', 'one');
    assert.equal(await seen(), 'one');
    writeFileSync(path, 'three');
    assert.equal(await seen(), 'three');
    writeFileSync(`${path}.new`, 'four!');
    renameSync(`${path}.new`, path);
    assert.equal(await seen(), 'four!');
    rmSync(path);
    assert.equal(await seen(), 'plain');
    assert.equal(await seen(), 'plain');
  });

  test('is not looked for more often than twice a second', async () => {
    site('calm.js', 'plain');
    assert.equal((await accepting('/calm.js', 'br')).text, 'plain');
    site('calm.js.br', 'coded');
    const response = handler(exchangeFor('/calm.js', { fields: ['Accept-Encoding: br'], after: -FRESH_MS }));
    assert.ok(response instanceof Response);
    assert.equal(response.headers.get('Content-Encoding'), undefined);
  });

  test('must be a regular file that may be seen', async () => {
    site('hard.js', 'plain');
    mkdirSync(directory.join('site/hard.js.br'));
    symlinkSync(directory.write('outside', 'secret'), directory.join('site/hard.js.zst'));
    symlinkSync('app.js.gz', directory.join('site/hard.js.gz'));
    assert.equal((await accepting('/hard.js', 'br, zstd, gzip')).text, 'gzip!!');
    const on = serving({ symlinks: 'deny' });
    assert.equal((await accepting('/hard.js', 'br, zstd, gzip', { on })).text, 'plain');
    for (const after of [later, 2 * later]) {
      assert.equal((await accepting('/hard.js', 'br, zstd, gzip', { on, after })).text, 'plain');
    }
  });

  test('leaves no descriptor open', () => assert.deepEqual(openBelow(directory.path), []));
});
