import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { within } from '../../test/support/until.ts';
import { healthKey } from './health-board.ts';
import { ServerSlots } from './server-slots.ts';
import { SlotBoard } from './slot-board.ts';

const KEY = healthKey('api', 'http://10.0.0.1');
const OTHER = healthKey('api', 'http://10.0.0.2');

/** Boards of so many threads over one memory. `lot`: what is drawn, from 0 to 1. */
function boards(workers: number, lot: () => number = Math.random): SlotBoard[] {
  const [first] = [new SlotBoard(1, workers, 0, undefined, lot)];
  return Array.from({ length: workers }, (_, worker) => new SlotBoard(1, workers, worker, first.buffer, lot));
}

const slotsOn = (all: readonly SlotBoard[], limit: number, key = KEY): ServerSlots[] =>
  all.map((board) => new ServerSlots(board, 0, key, limit));

describe('slots of a server', () => {
  it('are never more than the limit over all threads, and none is lost', () => {
    const step = fc.record({
      thread: fc.nat(2),
      does: fc.constantFrom('take', 'take', 'give', 'go'),
      key: fc.nat(1),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 200 }), (limit, steps) => {
        const all = boards(3);
        const slots = [slotsOn(all, limit, KEY), slotsOn(all, limit, OTHER)];
        const used = [
          [0, 0, 0],
          [0, 0, 0],
        ];
        const total = (key: number): number => used[key].reduce((sum, each) => sum + each, 0);
        for (const { thread, does, key } of steps) {
          const own = slots[key][thread];
          if (does === 'take') {
            const free = total(key) < limit;
            assert.equal(own.tryTake(), free);
            if (free) used[key][thread]++;
          } else if (does === 'give' && used[key][thread] > 0) {
            own.settle(--used[key][thread]);
          } else if (does === 'go' && used[key][thread] === 0) {
            own.close();
          }
          assert.equal(slots[key][(thread + 1) % 3].free, total(key) < limit);
        }
        for (const key of [0, 1]) {
          for (const each of slots[key]) each.settle(0);
          for (let count = 0; count < limit; count++) assert.ok(slots[key][0].tryTake());
          assert.equal(slots[key][1].free, false);
        }
      }),
    );
  });

  it('are counted for servers that come and go, however many', () => {
    const [board] = boards(1);
    for (let count = 0; count < 3000; count++) {
      const slots = new ServerSlots(board, 0, healthKey('api', String(count)), 1);
      assert.deepEqual([slots.tryTake(), slots.free], [true, false]);
      slots.close();
      assert.equal(slots.free, false, 'it is still in use');
      slots.settle(0);
    }
    assert.notEqual(board.enter(KEY), undefined);
  });

  it('are counted in each thread by itself where there are too many servers', () => {
    const [first, second] = boards(2);
    for (let count = 0; count < 1024; count++) first.enter(healthKey('api', String(count)));
    assert.equal(first.enter(KEY), undefined);
    const slots = slotsOn([first, second], 1);
    assert.deepEqual(
      slots.map((each) => [each.tryTake(), each.tryTake(), each.free]),
      [
        [true, false, false],
        [true, false, false],
      ],
    );
  });
});

describe('a slot that is given back', () => {
  it('is for this thread where nobody else waits', () => {
    const all = boards(2);
    const [own] = slotsOn(all, 1);
    own.tryTake();
    all[0].setWaiting(0, 5);
    assert.equal(own.settle(0), true);
  });

  it('is for the thread that the lot falls on, each as likely as it has waiting requests', () => {
    let lot = 0;
    const all = boards(3, () => lot);
    const [own] = slotsOn(all, 1);
    all[0].setWaiting(0, 1);
    all[2].setWaiting(0, 3);
    const ours = [0, 0.2, 0.25, 0.9].map((drawn) => {
      lot = drawn;
      assert.ok(own.tryTake());
      return own.settle(0);
    });
    assert.deepEqual(ours, [true, true, false, false]);
  });

  it('wakes the thread that is to have it, which need not look by itself', async (t) => {
    const all = boards(2, () => 0.99);
    const [own] = slotsOn(all, 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    const never = setInterval(() => {}, 60_000).unref();
    t.mock.method(globalThis, 'setInterval', () => never);
    all[1].watch([{ lookAgain: resolve }]);
    all[1].setWaiting(0, 1);
    own.tryTake();
    own.settle(0);
    await within(10_000, 'a look', promise);
    all[1].close();
  });
});
