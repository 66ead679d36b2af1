import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Deadline } from './deadline.ts';

type Phase = 'first' | 'second';

/** A deadline that writes down what has expired, and tells of the first. */
class Recorded {
  readonly expired: Phase[] = [];
  readonly deadline: Deadline<Phase>;
  readonly first: Promise<Phase>;

  constructor(also: () => void = () => {}) {
    const { promise, resolve } = Promise.withResolvers<Phase>();
    this.first = promise;
    this.deadline = new Deadline<Phase>({
      expired: (phase) => {
        this.expired.push(phase);
        also();
        resolve(phase);
      },
    });
    made.push(this.deadline);
  }
}

const made: Deadline<Phase>[] = [];
afterEach(() => {
  for (const deadline of made.splice(0)) deadline.release();
});

/** Long enough for the slots to have been looked at: an event of the very mechanism under test. */
async function nextSweep(): Promise<void> {
  const marker = new Recorded();
  marker.deadline.arm('first', 1);
  await marker.first;
}

describe('a deadline', () => {
  it('tells its owner what was waited for, when the time is up, once', async () => {
    const { deadline, first, expired } = new Recorded();
    deadline.arm('second', 1);
    assert.equal(deadline.phase, 'second');
    assert.equal(await first, 'second');
    assert.equal(deadline.phase, undefined);
    await nextSweep();
    assert.deepEqual(expired, ['second']);
  });

  it('waits as long as was asked', async () => {
    const { deadline, first } = new Recorded();
    const start = performance.now();
    deadline.arm('first', 250);
    await first;
    // The clock is coarse: it may be noticed that much late, and the start may be taken that much early.
    assert.ok(performance.now() - start >= 150);
  });

  it('is replaced by the next one in its slot', async () => {
    const { deadline, first, expired } = new Recorded();
    deadline.arm('first', 1);
    deadline.arm('second', 1);
    await first;
    assert.deepEqual(expired, ['second']);
  });

  it('never comes when it is cleared, released, or of 0 milliseconds', async () => {
    const cleared = new Recorded();
    const released = new Recorded();
    const endless = new Recorded();
    for (const { deadline } of [cleared, released]) deadline.arm('first', 1);
    endless.deadline.arm('first', 0);
    cleared.deadline.clear();
    released.deadline.release();
    released.deadline.release();
    await nextSweep();
    assert.deepEqual([...cleared.expired, ...released.expired, ...endless.expired], []);
  });

  it('may be armed again by its owner, from within', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = 2;
    const { deadline } = new Recorded(() => {
      if (left-- > 0) deadline.arm('first', 1);
      else resolve();
    });
    deadline.arm('first', 1);
    await promise;
  });

  it('may take others and itself out of the list: every one left is still looked at', async () => {
    const all: Recorded[] = [];
    for (let i = 0; i < 20; i++) {
      all.push(
        new Recorded(() => {
          all[i].deadline.release();
          // Its neighbours go with it, wherever they stand in the list.
          if (i % 3 === 0) all[(i + 7) % 20].deadline.release();
        }),
      );
    }
    for (const { deadline } of all) deadline.arm('first', 1);
    await nextSweep();
    await nextSweep();
    for (const [i, { deadline, expired }] of all.entries()) {
      assert.ok(expired.length === 1 || deadline.index === -1, `deadline ${i}`);
      assert.ok(expired.length <= 1);
    }
  });

  it('does not count the time in which the thread was held up: what came meanwhile is looked at first', async () => {
    const { deadline, first, expired } = new Recorded();
    await nextSweep();
    deadline.arm('first', 150);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    await after(0);
    assert.deepEqual(expired, []);
    await first;
  });

  it('does not keep the process alive', async () => {
    const module = new URL('deadline.ts', import.meta.url).href;
    const program = `import { promisify } from 'node:util';
import { Deadline } from ${JSON.stringify(module)}; new Deadline({ expired() {} }).arm('first', 60_000);`;
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 20_000,
    });
  });
});
