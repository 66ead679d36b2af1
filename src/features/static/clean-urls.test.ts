import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { after, describe, suite, test } from 'node:test';
import {
  fileMemory,
  ask,
  openBelow,
  settledAsk,
  staticOptions,
  told,
} from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';

const directory = temporaryDirectory();
const root = directory.join('site');
directory.write('outside.html', 'outside');
for (const [name, text] of [
  ['index.html', 'home'],
  ['about.html', 'about'],
  ['both.html', 'page'],
  ['both/index.html', 'index'],
  ['blog.html', 'blog'],
  ['blog/post.html', 'post'],
  ['plain', 'plain'],
  ['plain.html', 'plain page'],
  ['docs/index.html', 'docs'],
  ['docs/guide.html', 'guide'],
  ['deep/index/index.html', 'deep'],
  ['odd.html.html', 'odd'],
  ['grüße.html', 'greetings'],
  ['evil.example.html', 'evil'],
  ['.html', 'nameless'],
] as const) {
  directory.write(`site/${name}`, text);
}
mkdirSync(directory.join('site', 'bare'));
after(() => directory.remove());

const serving = (options: Partial<StaticOptions> = {}): ReturnType<typeof createStaticHandler> =>
  createStaticHandler(staticOptions(root, { cleanUrls: true, ...options }), { files: fileMemory() });

describe('with clean URLs', () => {
  const handler = serving();
  for (const [target, expected] of [
    ['/', 'home'],
    ['/about', 'about'],
    ['/about?a=b', 'about'],
    ['/about.html', '/about'],
    ['/about.html?a=1&b=%2F', '/about?a=1&b=%2F'],
    ['/about/', '/about'],
    ['/about/?a', '/about?a'],
    ['/about//', '/about'],
    ['/index.html', '/'],
    ['/index.html?q', '/?q'],
    ['/index', '/'],
    ['/docs', '/docs/'],
    ['/docs/', 'docs'],
    ['/docs/index.html', '/docs/'],
    ['/docs/index', '/docs/'],
    ['/docs/guide', 'guide'],
    ['/docs/guide.html', '/docs/guide'],
    ['/gr%C3%BC%C3%9Fe', 'greetings'],
    ['/gr%C3%BC%C3%9Fe.html', '/gr%C3%BC%C3%9Fe'],
    // A page and a directory of one name: each has its own path.
    ['/both', 'page'],
    ['/both/', 'index'],
    ['/both.html', '/both'],
    ['/blog', 'blog'],
    ['/blog/post', 'post'],
    ['/blog/', '/blog'],
    // What has the name itself goes before the page, which keeps its own.
    ['/plain', 'plain'],
    ['/plain.html', 'plain page'],
    ['/deep/index', '/deep/index/'],
    ['/deep/index/', 'deep'],
    ['/odd.html', 'odd'],
    ['/odd.html.html', '/odd.html'],
    ['/missing', 404],
    ['/missing/', 404],
    ['/missing.html', 404],
    ['/bare/', 403],
    ['/.html', 404],
    ['/about.HTML', 404],
    // Neither out of the root nor to another host.
    ['//evil.example', 'evil'],
    ['//evil.example.html', '/evil.example'],
    ['//evil.example/', '/evil.example'],
    ['///evil.example.html?//x', '/evil.example?//x'],
    ['/%2fevil.example.html', 404],
    ['/%2f%2fevil.example/', 404],
    ['/\\evil.example.html', 404],
    ['/%5cevil.example/', 404],
    ['/../outside', 404],
    ['/..%2foutside', 404],
    ['/%2e%2e/outside.html', 404],
    ['/about%00', 400],
  ] as const) {
    test(`${target} gives ${expected}`, async () => {
      for (let i = 0; i < 2; i++) assert.equal(told(await ask(handler, target)), expected);
    });
  }

  test('no redirect leads to another one', async () => {
    const names = [
      '',
      '/',
      '/about',
      '/both',
      '/blog',
      '/plain',
      '/docs',
      '/docs/index',
      '/odd.html',
      '/bare',
    ];
    for (const start of names.flatMap((name) =>
      ['', '/', '.html', '.html/'].map((end) => `/${name}${end}`),
    )) {
      const location = (await ask(handler, start)).field('Location');
      if (location === undefined) continue;
      assert.match(location, /^\/(?!\/)/);
      const next = await ask(handler, location);
      assert.equal(next.field('Location'), undefined, `${start} → ${location} → ${next.field('Location')}`);
    }
  });

  test('no descriptor stays', () => assert.deepEqual(openBelow(directory.path), []));
});

suite('clean URLs and other options', () => {
  test('dotfiles that are allowed have no page without a name', async () => {
    const handler = serving({ dotfiles: 'allow' });
    assert.equal(told(await ask(handler, '/.html')), 'nameless');
    assert.equal(told(await ask(handler, '/')), 'home');
  });

  test('a prefix that is taken off stays in the redirects', async () => {
    const handler = serving({ stripPrefix: '/s' });
    assert.equal(told(await ask(handler, '/s/about.html?q')), '/s/about?q');
    assert.equal(told(await ask(handler, '/s/index.html')), '/s/');
    assert.equal(told(await ask(handler, '/s/about/')), '/s/about');
    assert.equal(told(await ask(handler, '/s')), '/s/');
  });

  test('the application answers for what is no page', async () => {
    const handler = serving({ spa: true });
    assert.equal(told(await ask(handler, '/users/7')), 'home');
    assert.equal(told(await ask(handler, '/about')), 'about');
  });

  test('another index is not redirected to a directory that shows something else', async () => {
    const handler = serving({ index: ['guide.html', 'index.html'] });
    assert.equal(told(await ask(handler, '/docs/')), 'guide');
    assert.equal(told(await ask(handler, '/docs/guide.html')), '/docs/');
    assert.equal(told(await ask(handler, '/docs/index.html')), '/docs/index');
    assert.equal(told(await ask(handler, '/docs/index')), 'docs');
  });
});

test('a file with the name itself is served as soon as it comes, and the page again when it goes', async () => {
  const handler = serving();
  directory.write('site/late.html', 'page');
  assert.equal((await settledAsk(handler, '/late')).text, 'page');
  const file = directory.write('site/late', 'file');
  assert.equal((await settledAsk(handler, '/late', { after: FRESH_MS + 1 })).text, 'file');
  rmSync(file);
  assert.equal((await settledAsk(handler, '/late', { after: 2 * FRESH_MS + 2 })).text, 'page');
});
