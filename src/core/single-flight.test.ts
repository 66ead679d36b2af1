import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SingleFlight } from './single-flight.ts';

describe('work that several ask for', () => {
  it('is begun once for each key, and anew when it has ended', async () => {
    const flight = new SingleFlight<number>();
    let begun = 0;
    const work = (): Promise<number> => Promise.resolve(++begun);
    assert.deepEqual(
      await Promise.all([flight.join('a', work), flight.join('a', work), flight.join('b', work)]),
      [1, 1, 2],
    );
    assert.equal(await flight.join('a', work), 3);
  });

  it('fails for all of them, and is tried anew by who asks then', async () => {
    const flight = new SingleFlight<string>();
    const failing = (): Promise<string> => Promise.reject(new Error('no'));
    const outcomes = await Promise.allSettled([flight.join('a', failing), flight.join('a', failing)]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(await flight.join('a', () => Promise.resolve('yes')), 'yes');
  });
});
