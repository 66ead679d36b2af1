import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type BodySink, readAll } from '../../http/body.ts';
import { PassingBody } from './passing-body.ts';
import { readBuffers } from './read-buffers.ts';

/** Before the bytes. */
const ROOM = 10;

function body(text: string): { body: PassingBody; buffer: Buffer } {
  const buffer = readBuffers.takeSmall(ROOM + text.length);
  return { body: new PassingBody(buffer, ROOM, buffer.write(text, ROOM)), buffer };
}

/** A sink that takes nothing for now. */
const stuck: BodySink = { data: () => false, end: () => {}, fail: () => {} };

suite('bytes that are read for one answer', () => {
  test('come in one piece, and their memory is used again', async () => {
    const first = body('first');
    assert.equal(first.body.length, 5);
    assert.equal((await readAll(first.body, 100)).toString(), 'first');
    const second = body('second');
    assert.equal(second.buffer, first.buffer);
    second.body.cancel();
    assert.equal(readBuffers.bytesOut, 0);
  });

  test('lie behind a head, if it fits', () => {
    const { body: first, buffer } = body('first');
    assert.equal(first.flowBehind(['longer than ', 'ROOM', '', ''], stuck), undefined);
    let ends = 0;
    const sink = { ...stuck, end: () => ends++ };
    assert.equal(first.flowBehind(['the ', '', 'head', ': '], sink)?.toString(), 'the head: first');
    assert.equal(first.flowBehind(['again', '', '', ''], sink), undefined);
    const second = body('second');
    assert.notEqual(second.buffer, buffer);
    second.body.cancel();
    first.resume();
    assert.equal(ends, 1);
    const lost = body('lost');
    assert.equal(lost.body.flowBehind(['head: ', '', '', ''], stuck)?.toString(), 'head: lost');
    lost.body.cancel();
    const next = Array.from({ length: 8 }, () => body('next'));
    for (const each of next) {
      assert.notEqual(each.buffer, lost.buffer);
      each.body.cancel();
    }
    assert.equal(readBuffers.bytesOut, 0);
  });

  test('stay until they are taken', () => {
    const held = body('held');
    held.body.flow(stuck);
    const other = body('other');
    assert.notEqual(other.buffer, held.buffer);
    other.body.cancel();
    held.body.resume();
    held.body.resume();
    assert.equal(readBuffers.bytesOut, 0);
  });

  test("are nobody else's memory when they are cancelled on their way", () => {
    const lost = body('lost');
    lost.body.flow(stuck);
    lost.body.cancel();
    lost.body.cancel();
    assert.equal(readBuffers.bytesOut, 0);
    for (let i = 0; i < 8; i++) assert.notEqual(body('next').buffer, lost.buffer);
  });
});
