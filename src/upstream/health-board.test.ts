import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HealthBoard, healthKey } from './health-board.ts';

const keys = ['a', 'b', 'c'].map((server) => healthKey('app', server));

/** Which of the three are healthy, as another thread reads it. */
const read = (board: HealthBoard): boolean[] =>
  keys.map((key) => new HealthBoard(board.buffer).isHealthy(key));

describe('the board of the health checks', () => {
  it('says of every server that it is healthy, until it is not', () => {
    const board = new HealthBoard();
    assert.deepEqual(read(board), [true, true, true]);
    board.set(keys[1], false);
    assert.deepEqual(read(board), [true, false, true]);
  });

  it('forgets a server that is healthy again, whichever came first', () => {
    const board = new HealthBoard();
    for (const key of [...keys, ...keys]) board.set(key, false);
    board.set(keys[0], true);
    assert.deepEqual(read(board), [true, false, false]);
    board.set(keys[2], true);
    board.set(keys[2], true);
    board.set(keys[1], true);
    assert.deepEqual(read(board), [true, true, true]);
  });

  it('tells the same server of two upstreams apart', () => {
    const board = new HealthBoard();
    board.set(healthKey('other', 'a'), false);
    assert.deepEqual(read(board), [true, true, true]);
  });
});
