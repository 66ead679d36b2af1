import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, describe, suite, test } from 'node:test';
import {
  ask,
  exchangeFor,
  fileMemory,
  openBelow,
  staticOptions,
} from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import type { BodySource } from '../../http/body.ts';
import { Response } from '../../http/response.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';

const directory = temporaryDirectory();
const root = directory.join('site');
const LARGE = Buffer.alloc(3 * 2 ** 20 + 17, 'large ');

directory.write('site/index.html', '<h1>Home</h1>');
directory.write('site/hello.txt', 'Hello, world.\n');
directory.write('site/empty.txt', '');
directory.write('site/with space.txt', 'space');
directory.write('site/grüße.txt', 'grüße');
directory.write('site/docs/index.html', 'docs');
directory.write('site/second/default.htm', 'second');
directory.write('site/index-is-a-directory/index.html/x.txt', 'x');
directory.write('site/large.bin', LARGE);
mkdirSync(directory.join('site', 'bare'));
after(() => directory.remove());

const serving = (options: Partial<StaticOptions> = {}): ReturnType<typeof createStaticHandler> =>
  createStaticHandler(staticOptions(root, options), { files: fileMemory() });
const handler = serving();

suite('a file', () => {
  test('comes with its bytes and with what is said of it', async () => {
    const answer = await ask(handler, '/hello.txt');
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'Hello, world.\n');
    assert.equal(answer.field('Content-Type'), 'text/plain; charset=utf-8');
    assert.match(answer.field('ETag') ?? '', /^"[\w-]{22}"$/);
    assert.match(answer.field('Last-Modified') ?? '', /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    assert.equal(answer.field('Accept-Ranges'), 'bytes');
    assert.equal(answer.error, undefined);
  });

  for (const [target, text] of [
    ['/', '<h1>Home</h1>'],
    ['/?a=b', '<h1>Home</h1>'],
    ['/index.html', '<h1>Home</h1>'],
    ['/docs/', 'docs'],
    ['//docs//', 'docs'],
    ['/with%20space.txt', 'space'],
    ['/gr%C3%BC%C3%9Fe.txt', 'grüße'],
    ['/hello.txt?%00', 'Hello, world.\n'],
    ['/empty.txt', ''],
  ] as const) {
    test(`${target} finds it, twice`, async () => {
      for (let i = 0; i < 2; i++) {
        const answer = await ask(handler, target);
        assert.equal(answer.status, 200);
        assert.equal(answer.text, text);
      }
    });
  }

  test('larger than what is kept is streamed, and no descriptor stays', async () => {
    for (let i = 0; i < 2; i++) {
      const { status, body, response } = await ask(handler, '/large.bin');
      assert.equal(status, 200);
      assert.ok(body.equals(LARGE));
      assert.equal(response.body?.length, LARGE.length);
    }
    assert.deepEqual(openBelow(root), []);
  });

  test('asked for a second time is answered at once, with the same answer', async () => {
    const first = await ask(handler, '/hello.txt');
    const second = handler(exchangeFor('/hello.txt', { after: -FRESH_MS }));
    const third = handler(exchangeFor('/hello.txt', { after: -FRESH_MS, fields: ['Accept: */*'] }));
    assert.ok(second instanceof Response && third instanceof Response);
    assert.equal(second.original, first.response.original);
    assert.equal(third.original, first.response.original);
    assert.equal(second.reusable, true);
  });

  test('asked for often has bytes of its own', async () => {
    const on = serving();
    await ask(on, '/hello.txt');
    const bodyAfter = (times: number): unknown => {
      let body: unknown;
      for (let i = 0; i < times; i++) {
        ({ body } = on(exchangeFor('/hello.txt', { after: -FRESH_MS })) as Response);
        if (!Buffer.isBuffer(body)) (body as BodySource).cancel();
      }
      return body;
    };
    assert.equal(Buffer.isBuffer(bodyAfter(60)), false);
    assert.equal(String(bodyAfter(10)), 'Hello, world.\n');
  });

  test('asked for by many at once is read once', async () => {
    const many = await Promise.all(Array.from({ length: 50 }, () => ask(serving(), '/hello.txt')));
    assert.ok(many.every(({ text }) => text === 'Hello, world.\n'));
    const fresh = serving();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(fresh, '/hello.txt')));
    const originals = new Set(answers.map(({ response }) => response.original));
    assert.deepEqual([originals.size, originals.has(undefined)], [1, false]);
  });
});

suite('HEAD has the fields and the length of GET', () => {
  for (const target of ['/hello.txt', '/', '/large.bin', '/empty.txt', '/missing', '/docs', '/bare/']) {
    test(target, async () => {
      const full = await ask(handler, target);
      const bare = await ask(handler, target, { method: 'HEAD' });
      assert.equal(bare.status, full.status);
      assert.deepEqual([...bare.response.headers], [...full.response.headers]);
      assert.equal(bare.response.body?.length, full.response.body?.length);
    });
  }

  test('of a large file is answered at once and opens nothing', async () => {
    await ask(handler, '/large.bin');
    assert.ok(handler(exchangeFor('/large.bin', { method: 'HEAD', after: -FRESH_MS })) instanceof Response);
    assert.deepEqual(openBelow(root), []);
  });
});

suite('a directory', () => {
  for (const [target, location] of [
    ['/docs', '/docs/'],
    ['/docs?a=1&b=%2F', '/docs/?a=1&b=%2F'],
    ['/bare', '/bare/'],
    ['//docs', '/docs/'],
    ['///docs?x', '/docs/?x'],
  ] as const) {
    test(`${target} redirects to ${location}`, async () => {
      const answer = await ask(handler, target);
      assert.equal(answer.status, 301);
      assert.equal(answer.field('Location'), location);
      assert.equal(answer.body.length, 0);
    });
  }

  test('without an index is forbidden', async () => {
    assert.equal((await ask(handler, '/bare/')).status, 403);
    assert.equal((await ask(handler, '/second/')).status, 403);
    assert.equal((await ask(handler, '/index-is-a-directory/')).status, 403);
    assert.equal((await ask(serving({ index: [] }), '/')).status, 403);
  });

  test('has the first index of the list that is there', async () => {
    const several = serving({ index: ['index.html', 'default.htm'] });
    for (let i = 0; i < 2; i++) assert.equal((await ask(several, '/second/')).text, 'second');
    directory.write('site/second/index.html', 'first');
    assert.equal((await ask(several, '/second/', { after: FRESH_MS + 1 })).text, 'first');
  });
});

suite('what is not there', () => {
  for (const target of [
    '/missing',
    '/missing/',
    '/hello.txt/',
    '/hello.txt/more',
    `/${'x'.repeat(300)}`,
    '/docs/../x',
  ]) {
    test(`${target.slice(0, 30)} is not found`, async () => {
      const answer = await ask(handler, target);
      assert.equal(answer.status, 404);
      assert.equal(answer.error, 'request.not-found');
      assert.ok(!answer.text.includes(root));
    });
  }
});

suite('methods', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'BREW', 'get']) {
    test(`${method} is not allowed`, async () => {
      for (const target of ['/hello.txt', '/missing']) {
        const answer = await ask(handler, target, { method });
        assert.equal(answer.status, 405);
        assert.equal(answer.field('Allow'), 'GET, HEAD, OPTIONS');
      }
    });
  }

  test('OPTIONS says what is allowed', async () => {
    for (const target of ['/hello.txt', '*']) {
      const answer = await ask(handler, target, { method: 'OPTIONS' });
      assert.equal(answer.status, 204);
      assert.equal(answer.field('Allow'), 'GET, HEAD, OPTIONS');
    }
  });
});

describe('a prefix is taken off', () => {
  const prefixed = serving({ stripPrefix: '/static' });
  for (const [target, status] of [
    ['/static/hello.txt', 200],
    ['/static/', 200],
    ['/static', 301],
    ['/static/docs', 301],
    ['/static/static/hello.txt', 404],
    ['/staticx/hello.txt', 404],
    ['/hello.txt', 200],
  ] as const) {
    test(`${target}: ${status}`, async () => assert.equal((await ask(prefixed, target)).status, status));
  }

  test('but not from where a directory redirects to', async () => {
    assert.equal((await ask(prefixed, '/static?q')).field('Location'), '/static/?q');
    assert.equal((await ask(prefixed, '/static/docs')).field('Location'), '/static/docs/');
  });
});

describe('a single-page application', () => {
  const page = ['Accept: text/html,application/xhtml+xml,*/*;q=0.8'];
  const app = serving({ spa: true });
  for (const [target, fields, status] of [
    ['/users/7', [], 200],
    ['/users/', [], 200],
    ['/bare/', [], 200],
    ['/users/john.doe', page, 200],
    ['/missing.js', ['Accept: */*'], 404],
    ['/.env', page, 404],
    ['/..%2fx', page, 404],
    ['/%00', page, 400],
    ['/hello.txt', [], 200],
    ['/docs', [], 301],
  ] as const) {
    test(`${target} gives ${status}`, async () => {
      const answer = await ask(app, target, { fields });
      assert.equal(answer.status, status);
      if (status === 200 && target !== '/hello.txt') assert.equal(answer.text, '<h1>Home</h1>');
    });
  }

  test('says that Accept decided, where it did', async () => {
    for (const [target, vary] of [
      ['/users/7', undefined],
      ['/users/john.doe', 'Accept'],
      ['/hello.txt', undefined],
    ] as const) {
      for (let i = 0; i < 2; i++) {
        assert.equal((await ask(app, target, { fields: page })).field('Vary'), vary, target);
      }
    }
    const compress = { codings: ['gzip'], minSize: 1 } as const;
    const answer = await ask(serving({ spa: true, compress }), '/users/john.doe', { fields: page });
    assert.equal(answer.field('Vary'), 'Accept-Encoding, Accept');
    const tagged = [...page, `If-None-Match: ${answer.field('ETag')}`];
    const notModified = await ask(serving({ spa: true, compress }), '/users/john.doe', { fields: tagged });
    assert.equal(notModified.status, 304);
    assert.equal(notModified.field('Vary'), 'Accept-Encoding, Accept');
  });
});

test("a root that is no directory is refused with the system's error, which names it", () => {
  const nowhere = directory.join('nowhere');
  const file = directory.join('site', 'hello.txt');
  assert.throws(() => serving({ root: nowhere }), { code: 'ENOENT', path: `${nowhere}/` });
  assert.throws(() => serving({ root: file }), { code: 'ENOTDIR', path: `${file}/` });
});
