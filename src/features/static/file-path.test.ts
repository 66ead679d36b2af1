import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filePathOf } from './file-path.ts';

describe('a path names', () => {
  for (const [path, name] of [
    ['/', '/'],
    ['/a.txt', '/a.txt'],
    ['/a/b/', '/a/b/'],
    ['/a%20b.txt', '/a b.txt'],
    ['/gr%C3%BC%C3%9Fe', '/grüße'],
    ['/%F0%9F%8C%8D', '/🌍'],
    ['/100%25', '/100%'],
    ['/%252e%252e/x', '/%2e%2e/x'],
    ['/%61', '/a'],
    ['/a+b', '/a+b'],
    ['/a;b=c', '/a;b=c'],
    ['/a:b', '/a:b'],
    ['/~user', '/~user'],
    ['/a..b', '/a..b'],
    ['/a.', '/a.'],
    ['/%0A', '/\n'],
    ['//a', '/a'],
    ['/a//b', '/a/b'],
    ['/a//', '/a/'],
    ['///', '/'],
    ['/.well-known/acme-challenge/x', '/.well-known/acme-challenge/x'],
    ['/%2Ewell-known/x', '/.well-known/x'],
  ] as const) {
    test(`${path} → ${JSON.stringify(name)}`, () => assert.deepEqual(filePathOf(path, 'deny'), { name }));
  }
});

describe('malformed, 400:', () => {
  for (const path of [
    '',
    'a',
    '*',
    '/%',
    '/%2',
    '/%zz',
    '/%u002e',
    '/%00',
    '/a%00.txt',
    '/%C0%AE',
    '/%C0%AF',
    '/%E0%80%AE',
    '/%F0%80%80%AE',
    '/%ED%A0%80',
    '/%F4%90%80%80',
    '/%FF',
    '/%C3',
    '/gr\xc3\xbcn',
    '/ü',
    '/a b',
    '/a\r\nb',
    '/a\0b',
  ]) {
    test(JSON.stringify(path), () => {
      assert.deepEqual(filePathOf(path, 'allow'), { refused: 'request.malformed-path' });
    });
  }
});

describe('not to be found, 404:', () => {
  for (const path of [
    '/..',
    '/../a',
    '/a/..',
    '/a/../b',
    '/.',
    '/./a',
    '/%2e%2e/a',
    '/.%2E/a',
    '/%2e/a',
    '/a%2Fb',
    '/..%2Fa',
    '/%2Fa',
    '/a\\b',
    '/..\\a',
    '/a%5Cb',
    '/..%5Ca',
  ]) {
    test(path, () => assert.deepEqual(filePathOf(path, 'allow'), { refused: 'request.not-found' }));
  }
});

describe('dotfiles', () => {
  for (const path of [
    '/.env',
    '/.git/config',
    '/a/.htaccess',
    '/%2Eenv',
    '/...',
    '/.well-known/.hidden',
    '/a/.well-known/x',
    '/.well-knownx',
  ]) {
    test(`${path} is there only where they are allowed`, () => {
      assert.deepEqual(filePathOf(path, 'deny'), { refused: 'request.not-found' });
      assert.equal(filePathOf(path, 'allow').refused, undefined);
    });
  }
});
