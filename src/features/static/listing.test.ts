import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, mock, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Site, temporarySite } from '../../../test/support/site.ts';
import {
  type Answer,
  ask,
  fileMemory,
  openBelow,
  staticOptions,
} from '../../../test/support/static-handler.ts';
import type { Handler } from '../../pipeline/handler.ts';
import { DirectoryReader, MOST_ENTRIES } from './directory-entries.ts';
import { createStaticHandler } from './handler.ts';
import { humanSize } from './listing-page.ts';
import type { StaticOptions } from './schema.ts';

const resources = new DisposableStack();
after(() => resources.dispose());

const DEPS = { files: fileMemory() };

interface Listed {
  readonly path: string;
  readonly entries: { name: string; type: string; size: number | null; modified: string }[];
  readonly truncated: boolean;
}

function site(options: Partial<StaticOptions> = {}): { files: Site; handler: Handler } {
  const files = resources.use(temporarySite());
  return {
    files,
    handler: createStaticHandler(staticOptions(files.root, { listing: true, ...options }), DEPS),
  };
}

const JSON_PLEASE = { fields: ['Accept: application/json'] };

async function names(handler: Handler, target: string): Promise<string[]> {
  const { status, text } = await ask(handler, target, JSON_PLEASE);
  assert.equal(status, 200, text);
  return (JSON.parse(text) as Listed).entries.map(({ name }) => name);
}

const hrefs = ({ text }: Answer): string[] =>
  [...text.matchAll(/<td(?: colspan=3)?><a href="([^"]*)"/g)].map(([, href = '']) =>
    href.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))),
  );

describe('a directory without an index file', () => {
  test('is refused where listing is not asked for, and has its index file where it has one', async () => {
    const { handler } = site({ listing: false });
    assert.equal((await ask(handler, '/no-index/')).status, 403);
    const listing = site().handler;
    assert.match((await ask(listing, '/docs/')).text, /<title>Docs/);
    assert.equal((await ask(listing, '/no-index')).status, 301);
    assert.equal((await ask(listing, '/nothing/')).status, 404);
  });

  test('is a page that needs nothing and may do nothing', async () => {
    const { files, handler } = site();
    files.write('no-index/a.txt', 'a');
    const page = await ask(handler, '/no-index/');
    assert.equal(page.status, 200);
    assert.equal(page.field('Content-Type'), 'text/html; charset=utf-8');
    assert.match(page.field('Content-Security-Policy') ?? '', /^default-src 'none'; style-src 'sha256-/);
    assert.doesNotMatch(page.text, /<script|https?:\/\/(?!www\.w3\.org)|\son\w+=| style=/);
    assert.match(page.text, /<a href="\.\.\/"[^>]*>\/<\/a>/);
  });

  test('is JSON for who would rather have that', async () => {
    const { files, handler } = site();
    const path = files.write('no-index/a.txt', 'abc');
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    mkdirSync(join(files.root, 'no-index/sub'));
    const answer = await ask(handler, '/no-index/', JSON_PLEASE);
    assert.equal(answer.field('Content-Type'), 'application/json');
    const { entries, ...rest } = JSON.parse(answer.text) as Listed;
    assert.deepEqual(rest, { path: '/no-index/', truncated: false });
    assert.deepEqual(entries[1], {
      name: 'a.txt',
      type: 'file',
      size: 3,
      modified: '2023-11-14T22:13:20.000Z',
    });
    assert.deepEqual([entries[0].name, entries[0].type, entries[0].size], ['sub', 'directory', null]);
  });

  test('says that its form depends on Accept, and is asked about before it is used again', async () => {
    const { files, handler } = site();
    const page = await ask(handler, '/no-index/');
    const json = await ask(handler, '/no-index/', JSON_PLEASE);
    for (const answer of [page, json]) {
      assert.equal(answer.field('Vary'), 'Accept');
      assert.equal(answer.field('Cache-Control'), 'no-cache');
    }
    const etag = page.field('ETag') ?? '';
    assert.notEqual(etag, json.field('ETag'));
    const again = await ask(handler, '/no-index/', { fields: [`If-None-Match: ${etag}`], after: 5000 });
    assert.equal(again.status, 304);
    assert.equal(again.field('Vary'), 'Accept');
    assert.equal((await ask(handler, '/no-index/', { fields: ['If-Match: "x"'] })).status, 412);
    files.write('no-index/new.txt', '');
    const other = site();
    assert.notEqual((await ask(other.handler, '/')).field('ETag'), etag);
  });

  test('has the same fields for HEAD', async () => {
    const { handler } = site();
    const get = await ask(handler, '/no-index/');
    const { response } = await ask(handler, '/no-index/', { method: 'HEAD' });
    assert.equal(response.headers, get.response.headers);
  });
});

describe('what is listed', () => {
  test('is what may be asked for: no dotfile, no way out, no device', async () => {
    const { files, handler } = site({ index: ['none.html'] });
    files.write('.well-known/x', 'x');
    execFileSync('mkfifo', [join(files.root, 'fifo')]);
    files.write('back\\slash', 'x');
    symlinkSync('no-index', join(files.root, 'directory-within'));
    symlinkSync('nowhere', join(files.root, 'dangling'));
    const listed = await names(handler, '/');
    for (const name of [
      'hello.txt',
      'link-within.txt',
      'directory-within',
      '.well-known',
      'with space.txt',
    ]) {
      assert.ok(listed.includes(name), name);
    }
    for (const name of ['.hidden', 'link-out.txt', 'directory-out', 'fifo', 'back\\slash', 'dangling']) {
      assert.ok(!listed.includes(name), name);
    }
    for (const name of listed) {
      const { status } = await ask(handler, `/${encodeURIComponent(name)}`);
      assert.ok(status === 200 || status === 301, `${name}: ${status}`);
    }
    assert.equal((await ask(handler, '/directory-out/')).status, 404);
    assert.deepEqual(openBelow(files.root), []);
  });

  test('holds what it holds in every root, of one name what is served under it', async () => {
    const over = resources.use(temporarySite());
    const { files, handler } = site({ furtherRoots: [over.root] });
    files.write('no-index/both.txt', 'first');
    files.write('no-index/first.txt', '');
    over.write('no-index/both.txt', 'the second one');
    over.write('no-index/second.txt', '');
    over.write('only-there/a.txt', '');
    assert.deepEqual(await names(handler, '/no-index/'), ['both.txt', 'first.txt', 'second.txt']);
    const { text } = await ask(handler, '/no-index/', JSON_PLEASE);
    assert.equal((JSON.parse(text) as Listed).entries[0].size, 5);
    assert.deepEqual(await names(handler, '/only-there/'), ['a.txt']);
    assert.equal((await ask(handler, '/in-neither/')).status, 404);
  });

  test('follows dotfiles and symlinks', async () => {
    const { files, handler } = site({ index: [], dotfiles: 'allow', symlinks: 'deny' });
    assert.ok((await names(handler, '/')).includes('.hidden'));
    assert.ok(!(await names(handler, '/')).includes('link-within.txt'));
    const followed = createStaticHandler(
      staticOptions(files.root, { listing: true, index: [], symlinks: 'follow' }),
      DEPS,
    );
    assert.ok((await names(followed, '/')).includes('link-out.txt'));
  });

  test('is never what lies outside, whenever a directory is exchanged for a link', async () => {
    const { files } = site();
    files.write('swap/inside.txt', '');
    const reader = new DirectoryReader(files.root, staticOptions(files.root));
    const [swap, aside] = [join(files.root, 'swap'), join(files.root, 'aside')];
    const found: string[] = [];
    for (let i = 0; i < 200; i++) {
      const reading = reader.read('/swap/');
      // As many turns later as the round says, somewhere between the look at it and the last entry.
      for (let turn = 0; turn < i % 8; turn++) await nextTurn();
      renameSync(swap, aside);
      symlinkSync('..', swap);
      const content = await reading;
      found.push(typeof content === 'string' ? content : content.entries.map(({ name }) => name).join());
      unlinkSync(swap);
      renameSync(aside, swap);
    }
    assert.deepEqual([...new Set([...found, 'inside.txt', 'absent', ''])].sort(), [
      '',
      'absent',
      'inside.txt',
    ]);
    assert.ok(found.includes('inside.txt'));
    assert.deepEqual(openBelow(files.root), []);
  });

  test('leaves out sockets, also behind links', async () => {
    const { files, handler } = site();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(files.root, 'no-index/socket'), resolve));
    symlinkSync('socket', join(files.root, 'no-index/link'));
    assert.deepEqual(await names(handler, '/no-index/'), []);
    server.close();
  });

  test('counts names that no address can hold', async () => {
    const { files, handler } = site();
    writeFileSync(Buffer.from(`${files.root}/no-index/caf\xe9`, 'latin1'), '');
    files.write('no-index/\uFFFD', '');
    const page = await ask(handler, '/no-index/');
    assert.deepEqual(hrefs(page), ['../', './%EF%BF%BD']);
    assert.match(page.text, /Not shown: 1 entry whose name is not UTF-8/);
  });

  test('is seen below a prefix that is taken off', async () => {
    const { files, handler } = site({ stripPrefix: '/static' });
    files.write('no-index/a.txt', '');
    assert.deepEqual(hrefs(await ask(handler, '/static/no-index/')), ['../', './a.txt']);
    assert.equal((await ask(handler, '/static')).status, 301);
  });
});

describe('a name in the page', () => {
  const odd = [
    '<img src=x onerror=alert(1)>',
    `&"'`,
    'a b',
    '100%',
    'what?#x',
    'javascript:alert(1)',
    'tab\there',
    'line\nbreak',
    '\u202Etxt.exe',
    'grüße',
  ];
  test('is no markup, and its link leads to its file', async () => {
    const { files, handler } = site();
    for (const name of odd) files.write(`no-index/${name}`, name);
    const page = await ask(handler, '/no-index/');
    assert.doesNotMatch(page.text, /<img|\u202e|\t/i);
    const links = hrefs(page).slice(1);
    assert.equal(links.length, odd.length);
    const served = await Promise.all(
      links.map(async (link) => {
        const { pathname, protocol } = new URL(link, 'http://a.example/no-index/');
        assert.equal(protocol, 'http:');
        return (await ask(handler, pathname)).text;
      }),
    );
    assert.deepEqual(served.sort(), [...odd].sort());
  });

  test('stands in the breadcrumb as text too', async () => {
    const { files, handler } = site();
    files.write('<b>&/inner dir/x', '');
    const page = await ask(handler, '/%3Cb%3E&/inner%20dir/?sort=size');
    assert.match(page.text, /href="\.\.\/\.\.\/\?sort=size&#38;order=desc" aria-label="Top folder">\//);
    assert.match(page.text, /href="\.\.\/\?sort=size&#38;order=desc"><bdi>&#60;b&#62;&#38;<\/bdi>/);
    assert.match(page.text, /aria-current=page href="\.\/\?[^"]*"><bdi>inner dir/);
    files.write('\u202Ex/y', '');
    const { text } = await ask(handler, '/%E2%80%AEx/');
    assert.match(text, /<title>Index of \/U\+202Ex\/<\/title>/);
    assert.match(text, /<bdi><b>U\+202E<\/b>x<\/bdi>/);
  });
});

describe('the order', () => {
  const { files, handler } = site();
  for (const [i, name] of ['b10', 'b2', 'A', 'c'].entries()) {
    const path = files.write(`sorted/${name}`, 'x'.repeat(i));
    utimesSync(path, 1_700_000_000 - i, 1_700_000_000 - i);
  }
  mkdirSync(join(files.root, 'sorted/z'));
  for (const [query, expected] of [
    ['', 'z A b2 b10 c'],
    ['?order=desc', 'z c b10 b2 A'],
    ['?sort=size', 'z c A b2 b10'],
    ['?sort=size&order=asc', 'z b10 b2 A c'],
    ['?sort=time', 'z b10 b2 A c'],
    ['?sort=time&order=asc', 'z c A b2 b10'],
    ['?sort=%00&order=x', 'z A b2 b10 c'],
  ] as const) {
    test(`of ${query || 'no query'} is ${expected}`, async () => {
      assert.equal((await names(handler, `/sorted/${query}`)).join(' '), expected);
    });
  }

  test('is told, turned round by its own column, and kept in directories', async () => {
    const page = await ask(handler, '/sorted/?sort=size');
    assert.match(page.text, /aria-sort=descending><a href="\?sort=size&#38;order=asc">Size/);
    assert.equal(hrefs(page)[1], './z/?sort=size&order=desc');
  });
});

describe('a large directory', () => {
  test('is cut off with a note, and others are answered meanwhile', async () => {
    const { files, handler } = site();
    mkdirSync(join(files.root, 'many'));
    for (let i = 0; i < MOST_ENTRIES + 100; i++) writeFileSync(join(files.root, 'many', `file-${i}`), '');
    let turns = 0;
    let isDone = false;
    const take = (): void => {
      turns++;
      if (!isDone) setImmediate(take);
    };
    setImmediate(take);
    const [page, same] = await Promise.all([ask(handler, '/many/'), ask(handler, '/many/')]);
    isDone = true;
    assert.equal(page.response, same.response, 'it was made once');
    assert.equal(hrefs(page).length, MOST_ENTRIES + 1);
    assert.match(page.text, /<p>5,000 entries are shown; there are more<\/p>/);
    assert.match(page.text, /the list ends after 5,000 entries/);
    assert.ok(turns > MOST_ENTRIES / 100, `${turns} turns of the loop`);
    assert.equal((JSON.parse((await ask(handler, '/many/', JSON_PLEASE)).text) as Listed).truncated, true);
  });
});

test('a directory is read once for all its orders and forms', async () => {
  const { files, handler } = site();
  files.write('read/a.txt', 'a');
  const read = mock.method(DirectoryReader.prototype, 'read');
  const queries = ['name', 'size', 'time'].flatMap((by) => [
    `?sort=${by}&order=asc`,
    `?sort=${by}&order=desc`,
  ]);
  const answers = queries.flatMap((query) => [
    ask(handler, `/read/${query}`),
    ask(handler, `/read/${query}`, JSON_PLEASE),
  ]);
  for (const { status, text } of await Promise.all(answers)) {
    assert.equal(status, 200);
    assert.match(text, /a\.txt/);
  }
  read.mock.restore();
  assert.equal(read.mock.callCount(), 1);
});

test('sizes are told with the digits that one reads', () => {
  const told = [0, 999, 1000, 9949, 9960, 999_499, 999_500, 27_000_000, 1.5e9, 4e15].map(humanSize);
  assert.deepEqual(told, [
    '0 B',
    '999 B',
    '1.0 kB',
    '9.9 kB',
    '10 kB',
    '999 kB',
    '1.0 MB',
    '27 MB',
    '1.5 GB',
    '4.0 PB',
  ]);
});
