import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { IdleTimeout, keepAliveTimeout } from './idle-timeout.ts';

/** Two observations, this many milliseconds apart; the clock is the one thing that is made up here. */
function closedTwice(idle: IdleTimeout, first: number, apart: number, second: number): void {
  const start = performance.now();
  const clock = mock.method(performance, 'now', () => start);
  idle.closedAfter(first);
  clock.mock.mockImplementation(() => start + apart);
  idle.closedAfter(second);
  clock.mock.restore();
}

describe('an unused connection', () => {
  it('is kept as long as is configured', () => {
    assert.equal(new IdleTimeout(60_000).limit, 60_000);
    assert.equal(new IdleTimeout(0).limit, Infinity);
  });

  it('is closed before the server does it, where that says when', () => {
    const idle = new IdleTimeout(60_000);
    idle.said(5000);
    assert.equal(idle.limit, 4000);
    idle.said(1000);
    assert.equal(idle.limit, 500);
    idle.said(0);
    assert.equal(idle.limit, 1);
    idle.said(90_000);
    assert.equal(idle.limit, 60_000);
  });

  it('is closed before the server does it, where two were closed at the same age', () => {
    const idle = new IdleTimeout(60_000);
    closedTwice(idle, 5100, 3000, 5000);
    assert.equal(idle.limit, 4000);
  });

  it('is kept as long as before where nothing is certain', () => {
    for (const [name, first, apart, second] of [
      ['different ages', 5000, 3000, 9000],
      ['at the same time: the server has stopped', 5000, 10, 5000],
      ['used a moment ago', 20, 3000, 20],
    ] as const) {
      const idle = new IdleTimeout(60_000);
      closedTwice(idle, first, apart, second);
      assert.equal(idle.limit, 60_000, name);
    }
  });

  it('is kept as long as is configured again when the server may be another one', () => {
    const idle = new IdleTimeout(60_000);
    idle.said(5000);
    idle.forget();
    assert.equal(idle.limit, 60_000);
  });
});

describe('what a server says of its connections', () => {
  it('is read from Keep-Alive', () => {
    assert.equal(keepAliveTimeout('timeout=5'), 5000);
    assert.equal(keepAliveTimeout('timeout=5, max=100'), 5000);
    assert.equal(keepAliveTimeout('max=100; Timeout = "15"'), 15_000);
  });

  it('is nothing where it makes no sense', () => {
    for (const field of ['', '5', 'timeout', 'timeout=', 'timeout=-1', 'xtimeout=5', 'timeout=99999999']) {
      assert.equal(keepAliveTimeout(field), undefined, field);
    }
  });
});
