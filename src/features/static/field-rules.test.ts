import assert from 'node:assert/strict';
import { after, describe, suite, test } from 'node:test';
import { fileMemory, ask, staticOptions } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { FieldRules } from './field-rules.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';

const directory = temporaryDirectory();
after(() => directory.remove());

const rules = (options: Partial<StaticOptions>): FieldRules => new FieldRules(staticOptions('/', options));
const serving = (options: Partial<StaticOptions>): ReturnType<typeof createStaticHandler> =>
  createStaticHandler(staticOptions(directory.path, options), { files: fileMemory() });

const YEAR = 'public, max-age=31536000, immutable';

describe('Cache-Control', () => {
  const { fieldsOf } = { fieldsOf: (name: string) => site.fieldsOf(name).always };
  const site = rules({
    cacheControl: [
      ['/assets/tmp/*', 'no-store'],
      ['/assets/**', 'immutable'],
      ['*.html', 'no-cache'],
      ['hashed', 'immutable'],
      ['**', 'max-age=60'],
    ],
  });
  for (const [name, value] of [
    ['/assets/app.js', YEAR],
    ['/assets/tmp/app.js', 'no-store'],
    ['/assets/page.html', YEAR],
    ['/index.html', 'no-cache'],
    ['/app.3f9a2c1b.js', YEAR],
    ['/other.txt', 'max-age=60'],
  ] as const) {
    test(`${name}: ${value}`, () => assert.deepEqual(fieldsOf(name), ['Cache-Control', value]));
  }

  test('is not there where no rule holds', () => {
    assert.deepEqual(rules({ cacheControl: [['*.js', 'no-cache']] }).fieldsOf('/a.css').always, []);
    assert.deepEqual(rules({}).fieldsOf('/a.css').always, []);
  });
});

describe('a name with a hash in it', () => {
  const site = rules({ cacheControl: [['hashed', 'immutable']] });
  const isHashed = (name: string): boolean => site.fieldsOf(name).always.length > 0;
  for (const name of [
    'app.3f9a2c1b.js',
    'app-3f9a2c1b.js',
    'main.3f9a2c1b9d8e7f60.chunk.css',
    'index-B4nX9a2c.js',
    'index-B4nX9a2c.js.map',
    'chunk-ABCD2EFG.js',
    'logo.d41d8cd98f00b204e9800998ecf8427e.svg',
    'font.0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9.woff2',
  ]) {
    test(`is ${name}`, () => assert.equal(isHashed(`/assets/${name}`), true));
  }
  for (const name of [
    'app.js',
    'report-20240131.pdf',
    'my-document.pdf',
    'my-feedface.txt',
    'notes-Chapter1.pdf',
    'release-v1.2.3.zip',
    'photo.20240131123456.jpg',
    'hash.3f9a2c1b',
    '3f9a2c1b.js',
    'jquery-3.7.1.min.js',
    'IMG-20240131-WA0001.jpg',
  ]) {
    test(`is not ${name}`, () => assert.equal(isHashed(`/${name}`), false));
  }
});

describe('the media type', () => {
  for (const [options, name, type] of [
    [{ types: [['.foo', 'text/x-foo']] }, '/a.foo', 'text/x-foo; charset=utf-8'],
    [{ types: [['.foo', 'text/x-foo']] }, '/A.FOO', 'text/x-foo; charset=utf-8'],
    [{ types: [['.foo', 'text/x-foo']] }, '/a.txt', 'text/plain; charset=utf-8'],
    [{ types: [['.tar.gz', 'application/x-gtar']] }, '/a.tar.gz', 'application/x-gtar'],
    [{ types: [['.html', 'text/html; charset=windows-1252']] }, '/a.html', 'text/html; charset=windows-1252'],
    [{ types: [['LICENSE', 'text/plain']] }, '/x/LICENSE', 'text/plain; charset=utf-8'],
    [
      {
        types: [
          ['/api/*', 'application/json'],
          ['/api/a', 'text/plain'],
        ],
      },
      '/api/a',
      'application/json',
    ],
    [{ charset: 'off' }, '/a.html', 'text/html'],
    [{ charset: 'off', types: [['.foo', 'text/x-foo']] }, '/a.foo', 'text/x-foo'],
    [{ charset: 'iso-8859-1' }, '/a.txt', 'text/plain; charset=iso-8859-1'],
    [{ charset: 'iso-8859-1' }, '/a.json', 'application/json'],
    [{ charset: 'iso-8859-1' }, '/a.unheard-of', 'application/octet-stream'],
  ] as const satisfies readonly (readonly [Partial<StaticOptions>, string, string])[]) {
    test(`of ${name} with ${JSON.stringify(options)} is ${type}`, async () => {
      assert.equal(await rules(options).mediaTypeOf(name), type);
    });
  }
});

suite('in answers', () => {
  directory.write('paper.txt', 'paper');
  directory.write('grüße "1".pdf', 'pdf');
  directory.write('index.html', 'home');
  directory.write('404.html', 'lost');
  directory.write('large.bin', Buffer.alloc(2 ** 20 + 1));
  const handler = serving({
    cacheControl: [
      ['*.html', 'no-cache'],
      ['**', 'immutable'],
    ],
    download: ['*.pdf', '/large.bin', 'paper.txt'],
  });

  test('Cache-Control is in 200, 206 and 304 (RFC 9110 §15.4.5), to GET and HEAD', async () => {
    const first = await ask(handler, '/paper.txt');
    const etag = `If-None-Match: ${first.field('ETag')}`;
    for (const [status, question] of [
      [200, {}],
      [200, { method: 'HEAD' }],
      [206, { fields: ['Range: bytes=0-1'] }],
      [304, { fields: [etag] }],
    ] as const) {
      const answer = await ask(handler, '/paper.txt', question);
      assert.equal(answer.status, status);
      assert.equal(answer.field('Cache-Control'), YEAR);
    }
  });

  test('the rule is that of the file which was found', async () => {
    assert.equal((await ask(handler, '/')).field('Cache-Control'), 'no-cache');
  });

  test('a download has its name, which is not repeated in a 304', async () => {
    const answer = await ask(handler, '/gr%C3%BC%C3%9Fe%20%221%22.pdf');
    assert.equal(
      answer.field('Content-Disposition'),
      `attachment; filename="gr__e _1_.pdf"; filename*=UTF-8''gr%C3%BC%C3%9Fe%20%221%22.pdf`,
    );
    assert.equal(answer.field('Content-Type'), 'application/pdf');
    const again = await ask(handler, '/paper.txt', { fields: ['If-None-Match: *'] });
    assert.equal(again.status, 304);
    assert.equal(again.field('Content-Disposition'), undefined);
    assert.equal((await ask(handler, '/index.html')).field('Content-Disposition'), undefined);
  });

  test('a large file has them too, streamed and from memory', async () => {
    for (const question of [{}, {}, { method: 'HEAD' }, { fields: ['Range: bytes=5-9'] }]) {
      const answer = await ask(handler, '/large.bin', question);
      assert.equal(answer.field('Cache-Control'), YEAR);
      assert.equal(answer.field('Content-Disposition'), 'attachment; filename="large.bin"');
    }
  });

  test('errors are never stored, nor are they downloads', async () => {
    for (const [target, question, status] of [
      ['/missing', {}, 404],
      ['/missing.pdf', {}, 404],
      ['/missing', { fields: ['Accept: application/json'] }, 404],
      ['/paper.txt', { method: 'POST' }, 405],
      ['/paper.txt', { fields: ['If-Match: "x"'] }, 412],
      ['/paper.txt', { fields: ['Range: bytes=99-'] }, 416],
    ] as const) {
      const answer = await ask(handler, target, question);
      assert.equal(answer.status, status);
      assert.equal(answer.field('Cache-Control'), 'no-store');
      assert.equal(answer.field('Content-Disposition'), undefined);
    }
  });
});
