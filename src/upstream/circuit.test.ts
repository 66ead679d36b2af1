import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { until } from '../../test/support/until.ts';
import { Circuit } from './circuit.ts';
import type { CircuitOptions } from './circuit.ts';

let circuit: Circuit;
let told: string[];

afterEach(() => circuit.close());

/** A circuit that opens at the first failure. */
function open(options: Partial<CircuitOptions> = {}, mayOpen = true): void {
  told = [];
  const policy = {
    evidence: 'all of them',
    succeeded: () => {},
    failed: () => true,
    reset: () => {},
  };
  const owner = {
    mayOpen: () => mayOpen,
    opened: (reason: string, evidence = '-', again: boolean) =>
      told.push(`open ${reason} ${evidence} ${again}`),
    halfOpened: () => told.push('half-open'),
    trialFree: () => told.push('free'),
    closed: () => told.push('closed'),
  };
  circuit = new Circuit(policy, { open: 100, maxOpen: 100, trials: 1, ...options }, owner);
  circuit.failed('reset', false);
}

const untilTold = (what: string): Promise<boolean> =>
  until(() => told.at(-1) === what, { what: `it tells ${what}` });

describe('a circuit', () => {
  it('is closed until too many requests have failed, and then open', () => {
    open();
    assert.deepEqual(told, ['open reset all of them false']);
    assert.deepEqual([circuit.allows, circuit.out, circuit.take()], [false, true, false]);
    assert.ok(circuit.remaining > 0 && circuit.remaining <= 100);
  });

  it('stays closed where it may not open', () => {
    open({}, false);
    assert.deepEqual([told, circuit.allows, circuit.out], [[], true, false]);
  });

  it('lets a trial through when its time is up, and closes when that is answered', async () => {
    open();
    await untilTold('half-open');
    assert.deepEqual([circuit.allows, circuit.out, circuit.remaining], [true, true, 0]);
    assert.equal(circuit.take(), true);
    assert.equal(circuit.allows, false);
    circuit.succeeded(true);
    assert.deepEqual(
      [told.at(-1), circuit.allows, circuit.out, circuit.take()],
      ['closed', true, false, false],
    );
  });

  it('opens again when a trial fails', async () => {
    open();
    await untilTold('half-open');
    circuit.take();
    circuit.failed('timeout', true);
    assert.deepEqual([told.at(-1), circuit.allows], ['open timeout - true', false]);
  });

  it('goes by its trials alone, not by requests that were sent before it opened', async () => {
    open();
    circuit.succeeded(false);
    await untilTold('half-open');
    circuit.failed('old', false);
    circuit.succeeded(false);
    assert.deepEqual([told.at(-1), circuit.allows], ['half-open', true]);
  });

  it('needs all its trials, and lets no more through at once', async () => {
    open({ trials: 2 });
    await untilTold('half-open');
    assert.deepEqual([circuit.take(), circuit.take(), circuit.allows], [true, true, false]);
    circuit.succeeded(true);
    assert.deepEqual([circuit.allows, circuit.out], [false, true]);
    circuit.succeeded(true);
    assert.equal(told.at(-1), 'closed');
  });

  it('lets another trial through for one that comes to no end', async () => {
    open();
    await untilTold('half-open');
    circuit.take();
    circuit.undecided();
    assert.deepEqual([told.at(-1), circuit.allows], ['free', true]);
  });

  it('does not wait for a trial for ever: another one shows it too', async () => {
    open();
    await untilTold('half-open');
    circuit.take();
    await untilTold('free');
    assert.equal(circuit.take(), true);
    circuit.succeeded(true);
    assert.equal(told.at(-1), 'closed');
  });

  it('stays open for longer each time that trials fail, up to a bound, and begins anew once it has closed', async () => {
    open({ open: 50, maxOpen: 150 });
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      await untilTold('half-open');
      circuit.take();
      circuit.failed('reset', true);
      times.push(Math.round(circuit.remaining / 50));
    }
    await untilTold('half-open');
    circuit.take();
    circuit.succeeded(true);
    circuit.failed('reset', false);
    times.push(Math.round(circuit.remaining / 50));
    assert.deepEqual(times, [2, 3, 3, 1]);
  });
});
