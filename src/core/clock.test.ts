import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatHttpDate, httpDateNow, monotonicNow } from './clock.ts';

describe('an HTTP date (RFC 9110 §5.6.7)', () => {
  it('is an IMF-fixdate, whatever the day, the month and the zone of the machine', () => {
    assert.equal(formatHttpDate(Date.UTC(1994, 10, 6, 8, 49, 37)), 'Sun, 06 Nov 1994 08:49:37 GMT');
    assert.equal(formatHttpDate(0), 'Thu, 01 Jan 1970 00:00:00 GMT');
    for (let day = 0; day < 400; day++) {
      const instant = Date.UTC(2024, 0, 1 + day, day % 24, day % 60, (day * 7) % 60);
      assert.equal(formatHttpDate(instant), new Date(instant).toUTCString());
    }
  });

  it('of now changes with the second, also where the clock is set back', (t) => {
    let now = Date.UTC(2026, 0, 1, 0, 0, 0, 999);
    t.mock.method(Date, 'now', () => now);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    assert.equal(httpDateNow(), 'Thu, 01 Jan 2026 00:00:00 GMT');
    now += 1;
    t.mock.timers.tick(1);
    assert.equal(httpDateNow(), 'Thu, 01 Jan 2026 00:00:01 GMT');
    now = Date.UTC(2025, 0, 1);
    t.mock.timers.tick(1000);
    assert.equal(httpDateNow(), 'Wed, 01 Jan 2025 00:00:00 GMT');
  });
});

describe('the clock that durations are measured on', () => {
  it('does not go back', () => {
    const first = monotonicNow();
    assert.ok(monotonicNow() >= first);
  });
});
