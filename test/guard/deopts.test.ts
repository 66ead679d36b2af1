/** The shapes and types that the hot path sees are always the same: what V8 has optimised for them stays. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { HotPaths, PATHS } from '../support/hot-paths.ts';
import { requires } from '../support/packages.ts';
import { deoptsIn, runtimeProbe } from '../support/runtime-probe.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { FRESH_MS } from '../../src/features/static/file-store.ts';
import { SETTLING_MS } from '../../src/features/static/file-version.ts';

const WARM_UP = 30_000;
const REQUESTS = 50_000;

/**
 * A branch runs for the first time: no type has changed. Time leads into such branches, whatever is asked for: a new
 * second's Date, a file that is looked at again, the next ten seconds of a retry budget.
 */
const FIRST_RUN = /^Insufficient type feedback/;

/** Each of them may have made code without that branch, the second while the code of the first was given up. */
const COMPILERS = 2;

describe('deoptimisations', { skip: requires('nginx') }, () => {
  test(`${WARM_UP} mixed requests, for as long as a file is young, teach V8 all that it has to know of the hot path`, async (context) => {
    using directory = new DisposableStack();
    const temporary = directory.adopt(temporaryDirectory(), (each) => each.remove());
    const trace = temporary.write('deopts', '');
    const found = (): ReturnType<typeof deoptsIn> =>
      deoptsIn(readFileSync(trace, 'utf8')).filter(({ place }) => place.includes('src/'));
    await using paths = await HotPaths.start(runtimeProbe(trace));
    const loads = await Promise.all(PATHS.map((path) => paths.open(path)));
    const run = (requests: number): Promise<unknown> =>
      Promise.all(loads.map((load) => load.run(requests / loads.length)));

    // A file that has just been written is read once more when it has settled: that is learnt too, however fast the machine.
    const settled = Date.now() + SETTLING_MS + FRESH_MS;
    do await run(WARM_UP);
    while (Date.now() < settled);
    const before = found().length;
    assert.ok(before > 0, 'the trace is written: there are some while it learns');
    await run(REQUESTS);
    const after = found().slice(before);
    context.diagnostic(`${before} while it learnt; afterwards ${JSON.stringify(after)}`);
    for (const load of loads) load[Symbol.dispose]();

    assert.deepEqual(
      after.filter(({ reason }) => !FIRST_RUN.test(reason)),
      [],
    );
    const places = after.map(({ place }) => place);
    const times = (each: string): number => places.filter((place) => place === each).length;
    assert.deepEqual(
      places.filter((place) => times(place) > COMPILERS),
      [],
      'nothing is given up again and again',
    );
  });
});
