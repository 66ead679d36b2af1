import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { until } from '../../test/support/until.ts';
import { ServerPool } from './pool.ts';
import { ServerState } from './server-state.ts';

function stateOf(slowStart: number): ServerState {
  const server = upstreamServer('http://10.0.0.1', 4);
  const options = upstreamOptions([], { slowStart });
  return new ServerState(server, new ServerPool(server, options, () => {}), options);
}

describe('the share of a server', () => {
  it('is its weight', () => {
    assert.equal(stateOf(30_000).weight, 4);
  });

  it('grows from a tenth to the whole when it has come back', async () => {
    const state = stateOf(1000);
    state.startSlowly();
    const weights = [state.weight];
    await until(
      () => {
        weights.push(state.weight);
        return state.weight === 4;
      },
      { what: 'it has its whole share' },
    );
    assert.equal(weights[0], 0.4);
    assert.deepEqual(
      weights,
      weights.toSorted((a, b) => a - b),
    );
    assert.ok(new Set(weights).size > 4, String([...new Set(weights)]));
  });

  it('is the whole at once where it need not start slowly', () => {
    const state = stateOf(0);
    state.startSlowly();
    assert.equal(state.weight, 4);
  });
});
