import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextStep, type Reading, type Step } from './state.ts';

const READINGS: readonly Reading[] = ['head', 'body', 'tunnel', 'complete'];

describe('the life of a server connection', () => {
  const step = (keepAlive: boolean): Record<string, Step> =>
    Object.fromEntries(READINGS.map((reading) => [reading, nextStep(reading, 'complete', keepAlive)]));

  it('waits while no answer is due, and while one is under way', () => {
    for (const reading of READINGS) {
      for (const keepAlive of [true, false]) {
        assert.equal(nextStep(reading, 'idle', keepAlive), 'wait');
        assert.equal(nextStep(reading, 'answering', keepAlive), 'wait');
        assert.equal(nextStep(reading, 'half-closed', keepAlive), 'wait');
      }
    }
  });

  it('turns to the next request when both directions are done', () => {
    assert.equal(step(true)['complete'], 'next-request');
  });

  it('reads the rest of a body away that nobody wanted', () => {
    assert.equal(step(true)['body'], 'discard-body');
  });

  it('lingers after the last answer, whatever still comes (RFC 9112 §9.6)', () => {
    assert.deepEqual(step(false), {
      head: 'linger',
      body: 'linger',
      tunnel: 'linger',
      complete: 'linger',
    });
  });
});
