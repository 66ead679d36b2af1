/** How often a request calls the system: counted over 10,000 of each kind, in all threads of the process. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HotPaths, PATHS } from '../support/hot-paths.ts';
import { requires } from '../support/packages.ts';
import { systemCallsDuring } from '../support/system-calls.ts';
import { OTHER_CALLS, SPLIT_SHARE, thresholds } from './thresholds.ts';

const WARM_UP = 2000;
const REQUESTS = 10_000;

describe('system calls', { skip: requires('nginx', 'strace') }, () => {
  let paths: HotPaths;
  before(async () => {
    paths = await HotPaths.start();
  });
  after(() => paths[Symbol.asyncDispose]());

  for (const path of PATHS) {
    const most = thresholds[path];
    const sum = most.clientReads + most.clientWrites + most.upstreamReads + most.upstreamWrites;

    test(`a ${path} is ${sum} calls on sockets, one of them the write of its answer`, async (context) => {
      using load = await paths.open(path);
      await load.run(WARM_UP);
      const { pid, port } = paths.server;
      const start = performance.now();
      const calls = await systemCallsDuring(pid, port, () => load.run(REQUESTS));
      const seconds = (performance.now() - start) / 1000;
      context.diagnostic(JSON.stringify({ ...calls, others: Object.fromEntries(calls.others) }));
      for (const name of ['clientReads', 'clientWrites', 'upstreamReads', 'upstreamWrites'] as const) {
        const expected = most[name] * REQUESTS;
        const slack = SPLIT_SHARE * expected;
        assert.ok(calls[name] <= expected + slack, `${name}: ${calls[name]} for ${REQUESTS} requests`);
        assert.ok(calls[name] >= expected, `${name}: only ${calls[name]}: is it counted right?`);
      }
      const { eachRequest, eachSecond } = OTHER_CALLS;
      for (const [name, number] of calls.others) {
        const bound = eachRequest * REQUESTS + eachSecond * seconds;
        assert.ok(number <= bound, `${name}: ${number} for ${REQUESTS} requests in ${seconds.toFixed(1)} s`);
      }
    });
  }
});
