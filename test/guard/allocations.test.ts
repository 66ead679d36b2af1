/** How much of V8's heap a request needs: over 25,000 of each kind, so 100,000 in all. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HotPaths, PATHS } from '../support/hot-paths.ts';
import { requires } from '../support/packages.ts';
import { bytesAllocated, runtimeProbe } from '../support/runtime-probe.ts';
import { LEAST_PART, thresholds } from './thresholds.ts';

/** By then all that matters is optimised: before that, objects are made that the optimised code does without. */
const WARM_UP = 15_000;
const REQUESTS = 25_000;

describe('allocations', { skip: requires('nginx') }, () => {
  let paths: HotPaths;
  before(async () => {
    paths = await HotPaths.start(runtimeProbe());
  });
  after(() => paths[Symbol.asyncDispose]());

  for (const path of PATHS) {
    const { heapBytes } = thresholds[path];

    test(`a ${path} needs at most ${heapBytes} bytes of heap`, async (context) => {
      using load = await paths.open(path);
      await load.run(WARM_UP);
      await bytesAllocated(paths.server.child);
      await load.run(REQUESTS);
      const needed = (await bytesAllocated(paths.server.child)) / REQUESTS;
      context.diagnostic(`${needed.toFixed(0)} bytes`);
      assert.ok(needed <= heapBytes, `${needed.toFixed(0)} bytes`);
      assert.ok(needed >= LEAST_PART * heapBytes, `only ${needed.toFixed(0)} bytes: lower the threshold`);
    });
  }
});
