/**
 * Request smuggling needs two readers that see other messages in the same bytes (RFC 9112 §11.2). Here the second one
 * is nginx or HAProxy, in front of a backend that writes down what they make of it: on what we accept, and on what we
 * forward of it, they have to agree with us. What one of us refuses is no matter; where we refuse less, they decide.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { differentialRequests } from '../differential/inputs.ts';
import { forward } from '../differential/ours.ts';
import { startHaproxy, startNginx, type PeerReader } from '../differential/peers.ts';
import { compareRaw, compareStreams } from '../differential/requests.ts';
import { requires } from '../support/packages.ts';

const inputs = differentialRequests(1500);

for (const [name, start] of [
  ['nginx', startNginx],
  ['haproxy', startHaproxy],
] as const) {
  describe(name, { skip: requires(name) }, () => {
    let peer: PeerReader;
    before(async () => {
      peer = await start();
    });
    after(() => peer[Symbol.asyncDispose]());

    test('sees the requests that we see', async () => {
      for (const bytes of inputs) agree(await compareRaw(bytes, name, peer.read));
    });

    for (const buffered of [false, true]) {
      const how = buffered ? 'bodies collected' : 'bodies streamed';
      test(`sees the requests that we have forwarded, ${how}`, async () => {
        for (const bytes of inputs)
          agree(await compareStreams(forward({ pieces: [bytes] }, buffered), name, peer.read));
      });
    }
  });
}

function agree(found: string | undefined): void {
  if (found !== undefined) assert.fail(found);
}
