import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { SharedState } from './shared-state.ts';

test('the limit holds for connections that come and go', () => {
  const state = new SharedState();
  assert.equal(state.tryAcceptConnection(2), true);
  assert.equal(state.tryAcceptConnection(2), true);
  assert.equal(state.tryAcceptConnection(2), false);
  assert.equal(state.activeConnections, 2);
  state.releaseConnection();
  assert.equal(state.tryAcceptConnection(2), true);
  assert.equal(state.tryAcceptConnection(2), false);
  assert.equal(state.activeConnections, 2);
});

test('of threads that try at the same time, together no more than the limit get in', async () => {
  const [workers, attempts, limit] = [4, 20_000, 30_000];
  const state = new SharedState(workers);
  const script = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { SharedState } from ${JSON.stringify(new URL('./shared-state.ts', import.meta.url).href)};
    const { worker, workers, buffer, attempts, limit } = workerData;
    const state = new SharedState(workers, worker, buffer);
    let accepted = 0;
    for (let i = 0; i < attempts; i++) {
      if (state.tryAcceptConnection(limit)) accepted++;
      state.countRequest();
    }
    parentPort.postMessage(accepted);
  `;
  const accepted = await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const workerData = { worker, workers, buffer: state.buffer, attempts, limit };
      const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
        workerData,
      });
      // A thread that ends at once is heard of together with its message: both are listened for from the start.
      const [[count]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
      return count as number;
    }),
  );
  assert.equal(
    accepted.reduce((a, b) => a + b),
    limit,
  );
  assert.equal(state.activeConnections, limit);
  assert.equal(state.totalRequests, workers * attempts);
});

test('of threads that write, one at a time holds the lock', async () => {
  const [workers, attempts] = [4, 5000];
  const { buffer } = new SharedState(workers);
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const script = `
    import { workerData } from 'node:worker_threads';
    import { SharedState } from ${JSON.stringify(new URL('./shared-state.ts', import.meta.url).href)};
    const { worker, workers, buffer, counter, attempts } = workerData;
    const { writeLock } = new SharedState(workers, worker, buffer);
    for (let i = 0; i < attempts; i++) {
      writeLock.acquire();
      const seen = counter[0];
      for (let turns = 0; turns < 50; turns++) Math.hypot(turns);
      counter[0] = seen + 1;
      writeLock.release();
    }`;
  const exits = Array.from({ length: workers }, async (_, worker) => {
    const workerData = { worker, workers, buffer, counter, attempts };
    const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), { workerData });
    assert.deepEqual(await once(thread, 'exit'), [0]);
  });
  await Promise.all(exits);
  assert.equal(counter[0], workers * attempts);
});
