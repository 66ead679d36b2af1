import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, utimesSync } from 'node:fs';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { patterned } from '../support/site.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temp.ts';

/** When every file of the tree was last changed: `Wed, 01 Jan 2020 12:00:00 GMT`. */
const CHANGED = new Date('2020-01-01T12:00:00Z');

const page = (title: string): string => `<!doctype html>\n<title>${title}</title>\n`;
const SCRIPT = `export const numbers = [${Array.from({ length: 500 }, (_, i) => i).join(', ')}];\n`;

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'index.html': page('Home'),
  'about.html': page('About'),
  'digits.txt': '0123456789',
  'empty.txt': '',
  'one.txt': '1',
  'style.css': 'body { margin: 0 }\n',
  'data.json': '{"a":1}\n',
  'picture.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
  'pixel.png': Buffer.from('89504e470d0a1a0a', 'hex'),
  'thing.unknown-type': 'thing\n',
  README: 'no extension\n',
  'UPPER.TXT': 'upper\n',
  'medium.bin': patterned(300_000),
  'large.bin': patterned(3 << 20),
  'with space.txt': 'space\n',
  'grüße.txt': 'grüße\n',
  '日本語/index.html': page('日本語'),
  '100%.txt': 'percent\n',
  '%41.txt': 'looks encoded\n',
  'a+b.txt': 'plus\n',
  'a&b=c.txt': 'ampersand\n',
  'semi;colon.txt': 'semicolon\n',
  'question?.txt': 'question\n',
  'hash#.txt': 'hash\n',
  "quote's.txt": 'quote\n',
  'tilde~.txt': 'tilde\n',
  'colon:.txt': 'colon\n',
  'back\\slash.txt': 'backslash\n',
  'brackets[1].txt': 'brackets\n',
  'trailing.': 'trailing dot\n',
  'line\nfeed.txt': 'line feed\n',
  'a..b.txt': 'dots\n',
  'docs/index.html': page('Docs'),
  'docs/guide.html': page('Guide'),
  'docs/deep/er/file.txt': 'deep\n',
  'two words/index.html': page('Two words'),
  'no-index/file.txt': 'no index\n',
  'other-index/default.htm': page('Default'),
  'both-indexes/default.htm': page('Default'),
  'both-indexes/index.html': page('Index'),
  'index-is-directory/index.html/file.txt': 'odd\n',
  'evil.example/index.html': page('Evil'),
  '.hidden': 'hidden\n',
  '.git/config': 'hidden\n',
  'docs/.hidden': 'hidden\n',
  '.well-known/security.txt': 'Contact: mailto:security@example.com\n',
  '.well-known/.hidden': 'hidden\n',
  'app.js': SCRIPT,
  'app.js.gz': gzipSync(SCRIPT),
  'app.js.br': brotliCompressSync(SCRIPT),
  'app.js.zst': zstdCompressSync(SCRIPT),
  'only-gzip.js': SCRIPT,
  'only-gzip.js.gz': gzipSync(SCRIPT),
  'orphan.js.gz': gzipSync(SCRIPT),
};

const LINKS: Readonly<Record<string, string>> = {
  'link-within.txt': 'digits.txt',
  'link-out.txt': '../outside.txt',
  'link-dangling.txt': 'nowhere.txt',
  'link-loop.txt': 'link-loop.txt',
  'link-device': '/dev/null',
  'directory-within': 'docs',
  'directory-out': '..',
};

/** The files that the cases ask for: `site` is the root, and `outside.txt` lies above it. */
export function fixtureTree(): TemporaryDirectory & { readonly root: string } {
  const directory = temporaryDirectory();
  const root = directory.join('site');
  directory.write('outside.txt', 'outside\n');
  for (const [name, content] of Object.entries(FILES)) directory.write(`site/${name}`, content);
  mkdirSync(directory.join('site', 'empty-directory'));
  for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, directory.join('site', name));
  for (const entry of readdirSync(directory.path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) utimesSync(`${entry.parentPath}/${entry.name}`, CHANGED, CHANGED);
  }
  // nginx drops the superuser's rights only with a master process, but a test may be run by anyone.
  execFileSync('chmod', ['-R', 'a+rX', directory.path]);
  return { ...directory, root };
}
