import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { fileMemory, ask, settledAsk, staticOptions, told } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';
import type { StaticOptions } from './schema.ts';
import { parseAttempt } from './try-list.ts';

const directory = temporaryDirectory();
const root = directory.join('site');
directory.write('outside', 'outside');
for (const name of [
  'index.html',
  'a',
  'a.html',
  'b.html',
  'c/index.html',
  'd.txt',
  'maintenance.html',
  '.env',
]) {
  directory.write(`site/${name}`, name);
}
mkdirSync(directory.join('site', 'bare'));
after(() => directory.remove());

const trying = (entries: readonly string[], options: Partial<StaticOptions> = {}) =>
  createStaticHandler(staticOptions(root, { try: entries.map(parseAttempt), ...options }), {
    files: fileMemory(),
  });

for (const [entries, cases] of [
  [
    ['{path}', '{path}.html', '{path}/index.html', '/index.html'],
    {
      '/': 'index.html',
      '/a': 'a',
      '/b': 'b.html',
      '/b.html': 'b.html',
      '/c': 'c/index.html',
      '/c/': 'c/index.html',
      // What ends in a slash is no file.
      '/a/': 'index.html',
      '/b/': 'index.html',
      '/missing.js': 'index.html',
      '/bare': 'index.html',
      '/../outside': 404,
      '/%2e%2e%2foutside': 404,
      '/.env': 404,
      '/%00': 400,
    },
  ],
  [
    ['{path}', '{path}/'],
    {
      '/': 'index.html',
      '/a': 'a',
      '/c': '/c/',
      '/c?q=1': '/c/?q=1',
      '/c/': 'c/index.html',
      '/bare/': 403,
      '/x': 404,
    },
  ],
  [['{path}/', '{path}'], { '/c': '/c/', '/bare': '/bare/', '/a': 'a', '/a/': 404, '/x': 404, '/x/': 404 }],
  [['{path}.txt'], { '/d': 'd.txt', '/d.txt': 404, '/': 404, '/c/': 404 }],
  [['{path}/', '/b.html'], { '/bare/': 'b.html', '/c/': 'c/index.html' }],
  [['/maintenance.html', '{path}'], { '/': 'maintenance.html', '/a': 'maintenance.html' }],
  [['/nowhere.html', '/bare', '{path}'], { '/a': 'a', '/x': 404 }],
  // The site names it, so it means it.
  [['{path}', '/.env'], { '/x': '.env', '/.env': 404 }],
] as const satisfies readonly (readonly [readonly string[], Record<string, string | number>])[]) {
  describe(`try: ${entries.join(' ')}`, () => {
    const handler = trying(entries);
    for (const [target, expected] of Object.entries(cases)) {
      test(`${target} gives ${expected}`, async () => {
        for (let i = 0; i < 2; i++) assert.equal(told(await ask(handler, target)), expected);
      });
    }
  });
}

test('a file that the list names is read once for all paths that come to it', async () => {
  const handler = trying(['{path}', '/index.html']);
  const answers = await Promise.all([1, 2, 3].map(async (i) => settledAsk(handler, `/x${i}`)));
  const again = await ask(handler, '/another');
  assert.ok(answers.some(({ response }) => response === again.response));
});

test('what stands further up in the list is served as soon as it comes', async () => {
  const handler = trying(['{path}', '{path}.html', '{path}/index.html']);
  directory.write('site/late/index.html', 'third');
  const at = (seconds: number) => settledAsk(handler, '/late', { after: seconds * 2 * FRESH_MS });
  assert.equal((await at(0)).text, 'third');
  directory.write('site/late.html', 'second');
  assert.equal((await at(1)).text, 'second');
});

test('a maintenance page at the top is served as soon as it comes', async () => {
  const handler = trying(['/closed.html', '{path}', '{path}/']);
  const at = (seconds: number, path: string) => settledAsk(handler, path, { after: seconds * 2 * FRESH_MS });
  for (const path of ['/a', '/c/']) assert.notEqual((await at(0, path)).text, 'closed');
  directory.write('site/closed.html', 'closed');
  for (const path of ['/a', '/c/', '/x']) assert.equal((await at(1, path)).text, 'closed');
});

test('a directory that stands further up in the list is seen as soon as it comes', async () => {
  const handler = trying(['{path}/', '{path}.html']);
  assert.equal((await settledAsk(handler, '/b')).text, 'b.html');
  mkdirSync(directory.join('site', 'b'));
  assert.equal(told(await settledAsk(handler, '/b', { after: 2 * FRESH_MS })), '/b/');
});

test('the application answers after the list', async () => {
  const handler = trying(['{path}.txt'], { spa: true });
  assert.equal(told(await ask(handler, '/d')), 'd.txt');
  assert.equal(told(await ask(handler, '/users')), 'index.html');
});

describe('an entry that cannot be meant is refused', () => {
  for (const [entry, message] of [
    ['index.html', /expected `\{path\}`, such as/],
    ['', /expected `\{path\}`, such as/],
    ['=404', /answered with a 404: leave `=404` out/],
    ['$uri.html', /the path of the request is `\{path\}` here: write `\{path\}\.html`/],
    ['/{path}', /stands at the front/],
    ['{path}{path}', /stands at the front/],
    ['{path}/../secret', /neither `\.` nor `\.\.`/],
    ['/./a', /neither `\.` nor `\.\.`/],
    ['/a\\b', /neither a backslash nor a NUL/],
    ['/a//b', /no two slashes in a row/],
    ['/docs/', /expected a file/],
  ] as const) {
    test(JSON.stringify(entry), () => {
      assert.throws(() => parseAttempt(entry), { name: 'SyntaxError', message });
    });
  }
});
