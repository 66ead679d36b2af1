import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileGlob } from './glob.ts';

describe('a pattern of file names', () => {
  for (const [pattern, matching, others] of [
    ['*.html', ['/a.html', '/b/c/a.html', '/.html'], ['/a.htm', '/a.html.txt', '/a.html/b', '/a.HTML']],
    ['robots.txt', ['/robots.txt', '/x/robots.txt'], ['/robots-txt', '/norobots.txt']],
    ['/robots.txt', ['/robots.txt'], ['/x/robots.txt']],
    ['/assets/**', ['/assets/a', '/assets/b/c.js'], ['/assets', '/assets/', '/x/assets/a', '/assetsx/a']],
    ['assets/**', ['/assets/a'], ['/x/assets/a']],
    ['/assets/*', ['/assets/a.js'], ['/assets/b/c.js', '/assets/']],
    ['**/icons/*.svg', ['/icons/a.svg', '/x/y/icons/a.svg'], ['/icons/b/a.svg', '/xicons/a.svg']],
    ['/a/**/z', ['/a/z', '/a/b/z', '/a/b/c/z'], ['/a/bz', '/az']],
    ['**', ['/a', '/a.b.c'], []],
    ['/**', ['/a', '/a/b/c'], ['/']],
    ['**/.htaccess', ['/.htaccess', '/a/.htaccess'], ['/a.htaccess']],
    ['?.js', ['/a.js', '/ü.js', '/😀.js'], ['/ab.js', '/.js']],
    ['[a-c].js', ['/a.js', '/c.js'], ['/d.js', '/-.js']],
    ['[!a-c].js', ['/d.js'], ['/a.js', '/ab.js']],
    ['[^a].js', ['/^.js', '/a.js'], ['/b.js']],
    ['*.{png,jp?g}', ['/a.png', '/a.jpeg'], ['/a.gif', '/a.png,jpeg']],
    ['/{a,b}/*.js', ['/a/x.js', '/b/x.js'], ['/c/x.js']],
    ['a+(b).$1|^', ['/a+(b).$1|^'], ['/aab.$1']],
    ['a\\b', ['/a\\b'], ['/ab']],
  ] as const) {
    test(pattern, () => {
      const matches = compileGlob(pattern);
      for (const name of matching) assert.equal(matches(name), true, name);
      for (const name of others) assert.equal(matches(name), false, name);
    });
  }

  for (const [pattern, message] of [
    ['', /a pattern of file names is missing/],
    ['/assets/', /no file; all that lies below is `\/assets\/\*\*`/],
    ['/a**b/c', /`\*\*` stands between slashes, such as/],
    ['**.js', /`\*\*` stands between slashes, such as/],
    ['.pdf', /all with this extension are `\*\.pdf`, that one is `\*\*\/\.pdf`/],
    ['/a//b', /two slashes in a row/],
    ['[a', /a `\[` without its other half/],
    ['a]', /a `\]` without its other half/],
    ['{a,{b,c}}', /a `\{` without its other half/],
    ['[z-a]', /goes backwards/],
  ] as const) {
    test(`${JSON.stringify(pattern)} is refused`, () => {
      assert.throws(() => compileGlob(pattern), { name: 'SyntaxError', message });
    });
  }
});
