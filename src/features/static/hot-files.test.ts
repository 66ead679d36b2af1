import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CachedFile } from './cached-file.ts';
import { type FileTable, HotFiles } from './hot-files.ts';

function file(key: string, size = 0): CachedFile {
  const version = { dev: 1, ino: 1, size, mtimeMs: 0, ctimeMs: 0 };
  return new CachedFile(
    {
      key,
      name: key,
      path: key,
      version,
      mediaType: 'text/plain',
      etag: '"a"',
      settled: true,
      bytes: Buffer.alloc(size),
    },
    Infinity,
    0,
  );
}

const WEIGHT = file('', 1000).weight;

function add(table: FileTable<CachedFile>, ...keys: string[]): void {
  for (const key of keys) table.set(file(key, 1000));
}

/** Which of the keys are still kept; asking visits them. */
function kept(table: FileTable<CachedFile>, keys: string): string {
  return keys
    .split('')
    .filter((key) => table.get(key) !== undefined)
    .join('');
}

suite('hot files', () => {
  test('are found by their key until they are deleted', () => {
    const hot = new HotFiles({ bytes: Infinity, entries: Infinity });
    const table = hot.table<CachedFile>();
    const a = file('a');
    table.set(a);
    assert.equal(table.get('a'), a);
    assert.equal(table.get('b'), undefined);
    table.delete(a);
    assert.equal(table.get('a'), undefined);
    assert.equal(hot.entries, 0);
    assert.equal(hot.bytes, 0);
  });

  test('never weigh more than allowed', () => {
    const hot = new HotFiles({ bytes: 10 * WEIGHT, entries: 1000 });
    const table = hot.table<CachedFile>();
    for (let i = 0; i < 100; i++) {
      table.set(file(`f${i}`, (i * 37) % 3000));
      assert.ok(hot.bytes <= 10 * WEIGHT);
    }
  });

  test('never are more than allowed', () => {
    const hot = new HotFiles({ bytes: Infinity, entries: 3 });
    const table = hot.table<CachedFile>();
    add(table, 'a', 'b', 'c', 'd');
    assert.equal(hot.entries, 3);
    assert.equal(kept(table, 'abcd'), 'bcd');
  });

  test('go the oldest first, unless they were visited', () => {
    const table = new HotFiles({ bytes: Infinity, entries: 4 }).table<CachedFile>();
    add(table, 'a', 'b', 'c', 'd');
    table.get('a');
    table.get('c');
    add(table, 'e');
    add(table, 'f');
    assert.equal(kept(table, 'abcdef'), 'acef');
  });

  test('all visited: the hand goes round once and takes the oldest', () => {
    const table = new HotFiles({ bytes: Infinity, entries: 3 }).table<CachedFile>();
    add(table, 'a', 'b', 'c');
    kept(table, 'abc');
    add(table, 'd');
    assert.equal(kept(table, 'abcd'), 'bcd');
  });

  test('a crawl through the whole site leaves what is hot', () => {
    const hot = new HotFiles({ bytes: Infinity, entries: 10 });
    const table = hot.table<CachedFile>();
    add(table, 'x', 'y', 'z');
    for (let i = 0; i < 1000; i++) {
      assert.equal(kept(table, 'xyz'), 'xyz');
      add(table, `crawled ${i}`);
    }
    assert.equal(hot.entries, 10);
  });

  test('a newer version takes the place of the old one, which can no longer delete it', () => {
    const hot = new HotFiles({ bytes: Infinity, entries: Infinity });
    const table = hot.table<CachedFile>();
    const old = file('a', 100);
    const newer = file('a', 200);
    table.set(old);
    table.set(newer);
    table.delete(old);
    assert.equal(table.get('a'), newer);
    assert.equal(hot.entries, 1);
    assert.equal(hot.bytes, newer.weight);
  });

  test('of several roots share the room and not the keys', () => {
    const hot = new HotFiles({ bytes: Infinity, entries: 2 });
    const one = hot.table<CachedFile>();
    const other = hot.table<CachedFile>();
    add(one, 'a');
    add(other, 'a');
    assert.notEqual(one.get('a'), other.get('a'));
    add(other, 'b');
    assert.equal(hot.entries, 2);
    assert.equal(kept(one, 'a'), '');
    assert.equal(kept(other, 'ab'), 'ab');
  });

  test('a thousand random steps keep the count', () => {
    const hot = new HotFiles({ bytes: 20 * WEIGHT, entries: 12 });
    const table = hot.table<CachedFile>();
    const model = new Map<string, CachedFile>();
    for (let i = 0; i < 1000; i++) {
      const key = String((i * 7919) % 31);
      const known = model.get(key);
      if (i % 3 === 0 && known !== undefined) table.delete(known);
      else if (i % 3 === 1) table.get(key);
      else model.set(key, addAndGet(table, key));
    }
    const present = [...model.keys()].flatMap((key) => table.get(key) ?? []);
    assert.equal(hot.entries, present.length);
    assert.equal(
      hot.bytes,
      present.reduce((sum, { weight }) => sum + weight, 0),
    );
  });
});

function addAndGet(table: FileTable<CachedFile>, key: string): CachedFile {
  const added = file(key, 1000);
  table.set(added);
  return added;
}
