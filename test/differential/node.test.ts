/**
 * Request smuggling needs two readers that see other messages in the same bytes (RFC 9112 §11.2). Here the second one
 * is node:http, on which most servers written in JavaScript stand: on what we accept, and on what we pass on of it, in
 * both directions, it has to agree with us.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byteByByte, compareAnswers, compareOutput } from './answers.ts';
import { differentialAnswers, differentialRequests } from './inputs.ts';
import { NodeServer } from './node-server.ts';
import { relay } from './our-answers.ts';
import { forward, serve } from './ours.ts';
import { visible } from './reading.ts';
import { compareRaw, compareStreams, compareWithUpstream } from './requests.ts';

const node = new NodeServer();
const read = (bytes: Buffer) => node.read(bytes);

describe('node:http as a server', () => {
  const inputs = differentialRequests(2000);

  test('sees the requests that we see', async () => {
    for (const bytes of inputs) agree(await compareRaw(bytes, 'node:http', read));
  });

  for (const buffered of [false, true]) {
    const how = buffered ? 'bodies collected' : 'bodies streamed';
    test(`sees the requests that we have forwarded, ${how}`, async () => {
      for (const bytes of inputs)
        agree(await compareStreams(forward({ pieces: [bytes] }, buffered), 'node:http', read));
    });
  }
});

describe('our proxy', () => {
  for (const buffered of [false, true]) {
    test(`forwards what a handler gets, bodies ${buffered ? 'collected' : 'streamed'}`, () => {
      for (const bytes of differentialRequests(2000)) {
        const manner = { pieces: [bytes] };
        agree(compareWithUpstream(bytes, serve(manner), forward(manner, buffered)));
      }
    });
  }
});

describe('node:http as a client', () => {
  const inputs = differentialAnswers(2000);

  test('sees the answers that our proxy takes from an upstream', async () => {
    for (const bytes of inputs) agree(await compareAnswers(bytes, relay(byteByByte(bytes))));
  });

  test('sees the answers that our proxy gives', async () => {
    for (const bytes of inputs) {
      const { answers, rest, conversation } = relay(byteByByte(bytes));
      agree(await compareOutput(answers));
      // What is cut off at its end says so: it must not look whole.
      assert.ok(rest.length === 0 || conversation.reset, visible(bytes));
    }
  });
});

function agree(found: string | undefined): void {
  if (found !== undefined) assert.fail(found);
}
