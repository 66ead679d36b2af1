import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RoundRobin } from './round-robin.ts';

interface Server {
  readonly name: string;
  readonly weight: number;
}

const servers = (weights: Readonly<Record<string, number>>): Server[] =>
  Object.entries(weights).map(([name, weight]) => ({ name, weight }));

/** The names of so many turns, in order. */
function turns(order: RoundRobin<Server>, count: number, usable?: (server: Server) => boolean): string {
  return Array.from({ length: count }, () => order.next(usable)?.name ?? '-').join('');
}

describe('servers in turn', () => {
  it('come one after the other, in the order they were given', () => {
    assert.equal(turns(new RoundRobin(servers({ a: 1, b: 1, c: 1 })), 7), 'abcabca');
    assert.equal(turns(new RoundRobin(servers({ a: 5 })), 3), 'aaa');
  });

  it('come as often as their weights say, the turns of a heavy one spread out', () => {
    assert.equal(turns(new RoundRobin(servers({ a: 5, b: 1, c: 1 })), 14), 'aabacaaaabacaa');
    assert.equal(turns(new RoundRobin(servers({ a: 2, b: 1 })), 6), 'abaaba');
  });

  it('are passed over when they cannot be used; none is left when all are', () => {
    const order = new RoundRobin(servers({ a: 1, b: 1, c: 1 }));
    assert.equal(
      turns(order, 4, ({ name }) => name !== 'b'),
      'acac',
    );
    assert.equal(
      order.next(() => false),
      undefined,
    );
    assert.equal(
      turns(new RoundRobin(servers({ a: 1 })), 1, () => false),
      '-',
    );
  });

  it('share what one cannot take by their weights', () => {
    const order = new RoundRobin(servers({ a: 1, b: 2, c: 1 }));
    const counted = turns(order, 300, ({ name }) => name !== 'a');
    assert.deepEqual([counted.split('b').length - 1, counted.split('c').length - 1], [200, 100]);
  });

  it('are asked no more often because another had to be asked in their place', () => {
    const order = new RoundRobin(servers({ dead: 1, alive: 1 }));
    let asked = 0;
    for (let request = 0; request < 100; request++) {
      if (order.next()?.name !== 'dead') continue;
      asked++;
      assert.equal(order.next(({ name }) => name !== 'dead')?.name, 'alive');
    }
    assert.equal(asked, 50);
  });

  it('come in equal parts again, at once, when one that failed is back', () => {
    const order = new RoundRobin(servers({ a: 1, b: 1 }));
    turns(order, 1000, ({ name }) => name === 'a');
    const after = turns(order, 10);
    assert.equal(after.split('a').length - 1, 5);
  });
});
