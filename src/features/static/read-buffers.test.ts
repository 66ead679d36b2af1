import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ReadBuffers } from './read-buffers.ts';
import { HEAD_ROOM } from './record-layout.ts';

const MIB = 2 ** 20;

suite('read buffers', () => {
  test('a stream that keeps pace gets the same memory again and again', () => {
    const buffers = new ReadBuffers();
    const first = buffers.take(100 * MIB);
    buffers.release(first);
    assert.equal(buffers.take(100 * MIB), first);
    assert.equal(first.length, MIB);
  });

  test('what is short gets a short one', () => {
    const buffers = new ReadBuffers();
    assert.equal(buffers.take(1000).length, 1000);
    assert.equal(buffers.take(MIB).length, MIB);
  });

  test('the more is held, the smaller are the steps', () => {
    const buffers = new ReadBuffers();
    const sizes = new Set<number>();
    const held: Buffer[] = [];
    for (let i = 0; i < 1000; i++) {
      const buffer = buffers.take(Infinity);
      held.push(buffer);
      sizes.add(buffer.length);
    }
    assert.deepEqual([...sizes], [MIB, MIB / 4, MIB / 16]);
    assert.ok(buffers.bytesOut < 64 * MIB + (1000 * MIB) / 16);
    for (const buffer of held) buffers.release(buffer);
    assert.equal(buffers.bytesOut, 0);
  });

  test('of several threads each has its share of the bounds', () => {
    const buffers = new ReadBuffers();
    buffers.shareAmong(4);
    for (let i = 0; i < 4; i++) assert.equal(buffers.take(Infinity).length, MIB);
    assert.equal(buffers.plenty, false);
    assert.equal(buffers.take(Infinity).length, MIB / 4);
  });

  test('small files share a few, and have one of their size when many are held', () => {
    const buffers = new ReadBuffers();
    const largest = HEAD_ROOM + MIB / 8;
    const first = buffers.takeSmall(10);
    buffers.release(first);
    assert.equal(buffers.takeSmall(largest), first);
    while (buffers.bytesOut < MIB) assert.equal(buffers.takeSmall(10).length, largest);
    assert.equal(buffers.takeSmall(10).length, 10);
  });

  test('one that was given up is not lent again', () => {
    const buffers = new ReadBuffers();
    const lost = buffers.take(MIB);
    buffers.forget(lost);
    assert.equal(buffers.bytesOut, 0);
    assert.notEqual(buffers.take(MIB), lost);
  });
});
