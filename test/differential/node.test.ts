/**
 * Request smuggling needs two readers that see other messages in the same bytes (RFC 9112 §11.2). Here the second one
 * is node:http, on which most servers written in JavaScript stand: on what we accept, and on what we pass on of it, in
 * both directions, it has to agree with us.
 */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { leniencyOf, REQUEST_LENIENCIES } from '../../src/http1/leniency.ts';
import { memoryServerOptions } from '../support/memory-server.ts';
import { byteByByte, compareAnswers, compareOutput } from './answers.ts';
import { differentialAnswers, differentialRequests } from './inputs.ts';
import { NodeServer } from './node-server.ts';
import { relay } from './our-answers.ts';
import { forward, serve } from './ours.ts';
import { visible } from './reading.ts';
import { compareRaw, compareStreams, compareWithUpstream, type Reader } from './requests.ts';

const node = new NodeServer();
/** Messages that node:http has seen: a test in which it sees none proves nothing. */
let seen = 0;
const read: Reader = async (bytes) => {
  const reading = await node.read(bytes);
  seen += reading.messages.length;
  return reading;
};
afterEach(() => {
  seen = 0;
});

describe('node:http as a server', () => {
  const inputs = differentialRequests(2000);

  test('sees the requests that we see', async () => {
    for (const bytes of inputs) agree(await compareRaw(bytes, 'node:http', read));
    assert.ok(seen > inputs.length / 3, String(seen));
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

describe('with every leniency on', () => {
  const inputs = differentialRequests(2000);
  const lenient = { ...memoryServerOptions, lenient: leniencyOf(REQUEST_LENIENCIES) };

  test('what we forward leaves no reader a choice', async () => {
    for (const bytes of inputs) {
      const manner = { pieces: [bytes], options: lenient };
      const forwarded = forward(manner, false);
      agree(compareWithUpstream(bytes, serve(manner), forwarded));
      agree(await compareStreams(forwarded, 'node:http', read));
    }
  });
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
