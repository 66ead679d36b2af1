/**
 * A chunk of a request's body is lent to who reads it. While they hold it, nothing that any connection reads may
 * be written over it: else one client's bytes end up in another's upload.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { HandlerServer } from '../../test/support/handler-server.ts';
import { head } from '../../test/support/message.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { Response } from '../http/response.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { PendingResponse } from '../pipeline/pending-response.ts';

/** A chunk that a handler holds, and what it was when it came. */
interface Held {
  readonly chunk: Buffer;
  readonly copy: Buffer;
}

let server: HandlerServer;
let held: Held[];
/** Called for every piece of a body. */
let arrived: () => void;

/** Holds the pieces of a body whose path is /hold, one at a time, and takes all others. */
function handler(exchange: Exchange): PendingResponse {
  const answer = new PendingResponse();
  exchange.body.flow({
    data(chunk) {
      const holds = exchange.request.path === '/hold';
      if (holds) held.push({ chunk, copy: Buffer.from(chunk) });
      arrived();
      return !holds;
    },
    // At once, so that the request behind is read out of the same buffer.
    end: () => answer.settle(new Response(200)),
    fail: () => answer.settle(new Response(500)),
  });
  return answer;
}

before(async () => {
  server = await HandlerServer.start(handler);
});
after(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  held = [];
  arrived = () => {};
});

const nextPiece = (): Promise<void> =>
  new Promise((resolve) => {
    arrived = resolve;
  });

const post = (path: string, length: number): string =>
  head(`POST ${path} HTTP/1.1`, 'Host: a', `Content-Length: ${length}`);

/** Send a body in two pieces, so that the second is read into the connection's own buffer. */
async function sendInTwo(client: RawConnection, path: string, body: string, behind = ''): Promise<void> {
  const first = nextPiece();
  await client.send(post(path, body.length) + body.slice(0, 100));
  await first;
  const second = nextPiece();
  await client.send(body.slice(100) + behind);
  await second;
}

function assertUntouched(): void {
  assert.ok(held.length > 0);
  for (const { chunk, copy } of held) assert.ok(chunk.equals(copy), 'bytes of another connection');
}

describe('a lent chunk of a request body', () => {
  it('outlives what other connections read', async () => {
    using holding = await RawConnection.connect(server.port);
    const piece = nextPiece();
    await holding.send(post('/hold', 20_000) + 'h'.repeat(20_000));
    await piece;
    using other = await RawConnection.connect(server.port);
    await sendInTwo(other, '/take', 'o'.repeat(40_000));
    assert.equal((await other.response('POST')).status, 200);
    assertUntouched();
  });

  it('outlives the end of its body, and the requests behind it', async () => {
    using holding = await RawConnection.connect(server.port);
    await sendInTwo(holding, '/take', 't'.repeat(20_000), post('/hold', 20_000) + 'h'.repeat(20_000));
    await holding.response('POST');
    assert.equal((await holding.response('POST')).status, 200);
    using other = await RawConnection.connect(server.port);
    await sendInTwo(other, '/take', 'o'.repeat(60_000));
    await sendInTwo(holding, '/take', 'o'.repeat(60_000));
    assertUntouched();
  });

  it('outlives the end of the body before it, also where its own goes on', async () => {
    using holding = await RawConnection.connect(server.port);
    await sendInTwo(holding, '/take', 't'.repeat(20_000), post('/hold', 30_000) + 'h'.repeat(20_000));
    await holding.response('POST');
    using other = await RawConnection.connect(server.port);
    await sendInTwo(other, '/take', 'o'.repeat(60_000));
    assertUntouched();
  });
});
