import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  giveReadBuffer,
  READ_BUFFER_SIZE,
  roomBefore,
  sharedReadBuffer,
  takeReadBuffer,
} from './read-buffer.ts';

describe('read buffers', () => {
  it('are different ones while they are out', () => {
    const first = takeReadBuffer();
    const second = takeReadBuffer();
    assert.equal(first.length, READ_BUFFER_SIZE);
    assert.notEqual(first, second);
    assert.notEqual(first.buffer, second.buffer);
    assert.notEqual(first, sharedReadBuffer);
  });

  it('are used again when they are given back', () => {
    const buffer = takeReadBuffer();
    giveReadBuffer(buffer);
    assert.equal(takeReadBuffer(), buffer);
  });

  it('have room before them, and nothing else is taken for one', () => {
    assert.ok(roomBefore(takeReadBuffer()) > 0);
    assert.ok(roomBefore(sharedReadBuffer) > 0);
    const none = Buffer.alloc(2 * READ_BUFFER_SIZE);
    for (const other of [none, none.subarray(512), none.subarray(512, 512 + READ_BUFFER_SIZE)]) {
      assert.equal(roomBefore(other), 0);
      giveReadBuffer(other);
      assert.notEqual(takeReadBuffer(), other);
    }
  });

  it('are kept in a small number only', () => {
    const many = Array.from({ length: 200 }, takeReadBuffer);
    for (const buffer of many) giveReadBuffer(buffer);
    const again = new Set(Array.from({ length: 200 }, takeReadBuffer));
    assert.equal(many.filter((buffer) => again.has(buffer)).length, 64);
  });
});
