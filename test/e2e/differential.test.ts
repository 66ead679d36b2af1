/**
 * Request smuggling needs two readers that see other messages in the same bytes (RFC 9112 §11.2). Here the second one
 * is nginx or HAProxy, in front of a backend that writes down what they make of it: on what we accept, and on what we
 * forward of it, they have to agree with us. What one of us refuses is no matter; where we refuse less, they decide.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { differentialRequests } from '../differential/inputs.ts';
import { forward } from '../differential/ours.ts';
import { startHaproxy, startNginx, type PeerReader } from '../differential/peers.ts';
import { compareRaw, compareStreams, type Reader } from '../differential/requests.ts';
import { readCorpus } from '../fuzz/corpus.ts';
import { requires } from '../support/packages.ts';

const corpus = readCorpus().filter(({ kind }) => kind === 'request');
const inputs = [...corpus.map(({ bytes }) => bytes), ...differentialRequests(1500)];

for (const [name, start] of [
  ['nginx', startNginx],
  ['haproxy', startHaproxy],
] as const) {
  describe(name, { skip: requires(name) }, () => {
    let peer: PeerReader;
    /** Messages that it has seen: a test in which it sees none proves nothing. */
    let seen = 0;
    const read: Reader = async (bytes, awaited) => {
      const reading = await peer.read(bytes, awaited);
      seen += reading.messages.length;
      return reading;
    };
    afterEach(() => {
      seen = 0;
    });
    before(async () => {
      peer = await start();
    });
    after(() => peer[Symbol.asyncDispose]());

    test('sees the requests that we see', async () => {
      for (const bytes of inputs) agree(await compareRaw(bytes, name, read));
      assert.ok(seen > inputs.length / 3, String(seen));
    });

    for (const buffered of [false, true]) {
      const how = buffered ? 'bodies collected' : 'bodies streamed';
      test(`sees the requests that we have forwarded, ${how}`, async () => {
        for (const bytes of inputs)
          agree(await compareStreams(forward({ pieces: [bytes] }, buffered), name, read));
      });
    }
  });
}

function agree(found: string | undefined): void {
  if (found !== undefined) assert.fail(found);
}
