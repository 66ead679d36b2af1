/**
 * Threat: what is hot is served without being opened again. Somebody moves a directory out of the root, or puts a link to
 * one that lies outside in its place: the files in it have the same inode, size and dates as before, so a look at them
 * tells nothing.
 */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { after, mock, suite, test } from 'node:test';
import { ask, staticOptions } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { FileMemory } from './file-memory.ts';
import { FileRecords } from './file-records.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';

const directory = temporaryDirectory();
after(() => directory.remove());

const later = { after: FRESH_MS + 1 };
const page = 'page '.repeat(1000);

let sites = 0;

/** A site whose files have been asked for, so that they are in memory; two threads serve it. */
async function hotSite(
  symlinks: 'within-root' | 'deny' | 'follow',
  paths: readonly string[],
  prepare: (root: string) => void = () => {},
  /** A root that comes before it. */
  before?: string,
) {
  const name = `${++sites}`;
  directory.write(`${name}/root/a/b/page.txt`, page);
  directory.write(`${name}/root/a/b/large.bin`, Buffer.alloc(2 ** 21, 'l'));
  const root = directory.join(name, 'root');
  const outside = directory.join(name, 'outside');
  mkdirSync(outside);
  prepare(root);
  const memory = FileRecords.memory({ size: 2 ** 24, entries: 100 });
  const compress = { codings: ['gzip'], minSize: 1024 } as const;
  const threads = [1, 2].map(() => {
    const files = new FileMemory({ memory, threads: 2, watch: false });
    const roots = before === undefined ? {} : { root: before, furtherRoots: [root] };
    return createStaticHandler(staticOptions(root, { symlinks, compress, ...roots }), { files });
  });
  const statuses = async (question = {}): Promise<number[]> => {
    const seen: number[] = [];
    for (const thread of threads) {
      for (const path of paths) {
        seen.push((await ask(thread, path, question)).status);
        seen.push((await ask(thread, path, { ...question, fields: ['Accept-Encoding: gzip'] })).status);
      }
    }
    return seen;
  };
  // As files that were changed long ago.
  const now = mock.method(Date, 'now', () => performance.timeOrigin + performance.now() + 60_000);
  assert.deepEqual(new Set(await statuses()), new Set([200]));
  now.mock.restore();
  return { root, outside, statuses };
}

/** Move what lies there out of the root, and lead to it by a link. */
function moveOut(path: string, outside: string): void {
  renameSync(path, `${outside}/moved`);
  symlinkSync(`${outside}/moved`, path);
}

const files = ['/a/b/page.txt', '/a/b/large.bin'];

suite('what is hot and was moved out of the root is not found', () => {
  for (const symlinks of ['within-root', 'deny'] as const) {
    for (const moved of ['a/b', 'a', 'a/b/page.txt']) {
      test(`${moved}, where links are ${symlinks}`, async () => {
        const paths = moved.endsWith('.txt') ? ['/a/b/page.txt'] : files;
        const site = await hotSite(symlinks, paths);
        moveOut(`${site.root}/${moved}`, site.outside);
        assert.deepEqual(new Set(await site.statuses(later)), new Set([404]));
      });
    }
  }

  test('what a link within the root leads to', async () => {
    const site = await hotSite('within-root', ['/link.txt', '/linked/page.txt'], (root) => {
      symlinkSync('a/b/page.txt', `${root}/link.txt`);
      symlinkSync('a/b', `${root}/linked`);
    });
    moveOut(`${site.root}/a`, site.outside);
    assert.deepEqual(new Set(await site.statuses(later)), new Set([404]));
  });
});

test('what is hot in a further root is not found when it was moved out of that', async () => {
  directory.write('further/own/empty.txt', '');
  const own = directory.join('further/own');
  const site = await hotSite('within-root', files, () => {}, own);
  moveOut(`${site.root}/a`, site.outside);
  assert.deepEqual(new Set(await site.statuses(later)), new Set([404]));
});

test('where links are denied, what is hot is not found by one within the root either', async () => {
  const site = await hotSite('deny', files);
  renameSync(`${site.root}/a`, `${site.root}/moved`);
  symlinkSync('moved', `${site.root}/a`);
  assert.deepEqual(new Set(await site.statuses(later)), new Set([404]));
});

test('where links are followed, it is served on', async () => {
  const site = await hotSite('follow', files);
  moveOut(`${site.root}/a`, site.outside);
  assert.deepEqual(new Set(await site.statuses(later)), new Set([200]));
});

test('the root itself may be moved', async () => {
  const site = await hotSite('deny', files);
  moveOut(site.root, site.outside);
  assert.deepEqual(new Set(await site.statuses(later)), new Set([200]));
});
