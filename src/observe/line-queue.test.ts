import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineQueue } from './line-queue.ts';

const batchOf = (queue: LineQueue): string => queue.bytes.toString('latin1', queue.start, queue.end);

test('lines leave in the order and the batches in which they came', () => {
  const queue = new LineQueue(1024, 1024);
  assert.equal(queue.add('a\n'), 2);
  assert.equal(queue.add('b\n'), 4);
  queue.seal();
  queue.add('c\n');
  assert.equal(queue.load(), true);
  assert.equal(batchOf(queue), 'a\nb\n');
  queue.advance(3);
  assert.equal(batchOf(queue), '\n');
  queue.advance(1);
  assert.equal(queue.load(), true);
  assert.equal(batchOf(queue), 'c\n');
  queue.advance(2);
  assert.equal(queue.load(), false);
  assert.equal(queue.goneBytes, queue.sealedBytes);
});

test('what has waited meanwhile leaves in one batch, up to a megabyte or so', () => {
  const queue = new LineQueue(1024, 1 << 24);
  const line = `${'x'.repeat(99_999)}\n`;
  for (let i = 0; i < 13; i++) {
    queue.add(line);
    queue.seal();
  }
  const batches: number[] = [];
  while (queue.load()) {
    batches.push(queue.end - queue.start);
    queue.advance(queue.end - queue.start);
  }
  assert.deepEqual(batches, [1_100_000, 200_000]);
  assert.equal(queue.goneBytes, queue.sealedBytes);
});

test('a piece ends with a line', () => {
  const queue = new LineQueue(1024, 1024);
  queue.add('1234\n1234\n12345678901234567890\n12\n');
  queue.load();
  const pieces: string[] = [];
  while (queue.start < queue.end) {
    const size = queue.pieceWithin(11);
    pieces.push(batchOf(queue).slice(0, size));
    queue.advance(size);
  }
  assert.deepEqual(pieces, ['1234\n1234\n', '12345678901234567890\n', '12\n']);
});

test('past the limit the newest lines are given up and counted', () => {
  const queue = new LineQueue(1024, 10);
  queue.add('12345\n');
  assert.equal(queue.sealOrGiveUp(), true);
  queue.add('a\nb\nc\n');
  assert.equal(queue.sealOrGiveUp(), false);
  assert.equal(queue.takeLostLines(), 3);
  assert.equal(queue.takeLostLines(), 0);
  assert.equal(queue.load(), true);
  assert.equal(batchOf(queue), '12345\n');
  queue.add('again\n');
  assert.equal(queue.sealOrGiveUp(), true, 'there is room again');
});

test('what is given up at the end is counted: batch, waiting and open lines', () => {
  const queue = new LineQueue(1024, 1024);
  queue.add('1\n2\n3\n');
  queue.load();
  queue.advance(2);
  queue.add('4\n');
  queue.seal();
  queue.add('5\n');
  queue.giveUpRest();
  assert.equal(queue.takeLostLines(), 4);
  assert.equal(queue.load(), false);
  assert.equal(queue.goneBytes, queue.sealedBytes);
});

test('what is abandoned keeps its bytes; the rest of the batch stays', () => {
  const queue = new LineQueue(1024, 1024);
  queue.add('in hand\nrest\n');
  queue.load();
  const { bytes, start } = queue;
  queue.abandon('in hand\n'.length);
  queue.add('next\n');
  assert.equal(batchOf(queue), 'rest\n');
  queue.advance('rest\n'.length);
  queue.load();
  assert.equal(bytes.toString('latin1', start, 'in hand\n'.length), 'in hand\n');
  assert.equal(batchOf(queue), 'next\n');
  queue.advance('next\n'.length);
  assert.equal(queue.goneBytes, queue.sealedBytes);
});
