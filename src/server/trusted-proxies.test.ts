/** The threat: a client that gives itself another address or another request's id. Only proxies that are trusted may. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { HandlerServer, type Logged } from '../../test/support/handler-server.ts';
import { get } from '../../test/support/message.ts';
import { field, type RawResponse } from '../../test/support/parse-response.ts';
import { exchange } from '../../test/support/raw-connection.ts';
import { Response } from '../http/response.ts';
import { errorResponse } from '../pipeline/error-response.ts';
import type { Exchange, Trust } from '../pipeline/exchange.ts';

const trust: Trust = { fields: 'x-forwarded', trusts: (address) => address === '127.0.0.1' };
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Tells who the client is; `/fails` does not. */
function handler({ request, id, clientAddress, client }: Exchange): Response {
  if (request.path === '/fails') return errorResponse('request.forbidden', { request, id });
  return new Response(200, undefined, Buffer.from(`${clientAddress} ${client.scheme} ${client.host}`));
}

let server: HandlerServer;
afterEach(() => server[Symbol.asyncDispose]());

async function ask(path: string, ...lines: string[]): Promise<{ response: RawResponse; logged: Logged }> {
  const response = await exchange(server.port, get(path, ...lines));
  return { response, logged: server.log.at(-1) as Logged };
}

const CLAIMS = [
  'X-Forwarded-For: 6.6.6.6, 192.0.2.1',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: a.example',
];

describe('a peer that is trusted', () => {
  it('tells who its client is: handlers and the log take its word', async () => {
    server = await HandlerServer.start(handler, { trust });
    const { response, logged } = await ask('/', ...CLAIMS);
    assert.equal(response.body.toString(), '192.0.2.1 https a.example');
    assert.equal(logged.ip, '192.0.2.1');
    assert.equal((await ask('/')).logged.ip, '127.0.0.1');
  });

  it('gives the request its id: in the log, in the answer, and on the page of an error', async () => {
    server = await HandlerServer.start(handler, { trust });
    const id = '7Jk_2=:/a+b~c.d@e-f';
    const { response, logged } = await ask('/fails', `X-Request-Id: ${id}`, 'Accept: application/json');
    assert.equal(logged.id, id);
    assert.equal(field(response, 'X-Request-Id'), id);
    assert.equal((JSON.parse(response.body.toString()) as { id: string }).id, id);
  });

  it('also where the request is refused for what its head says of the body', async () => {
    server = await HandlerServer.start(handler, { trust });
    const { logged } = await ask(
      '/',
      'X-Forwarded-For: 192.0.2.1',
      'X-Request-Id: theirs',
      'Content-Length: x',
    );
    assert.deepEqual([logged.status, logged.ip, logged.id], [400, '192.0.2.1', 'theirs']);
  });

  it('gives no id that is too long, holds anything strange, or is one of two', async () => {
    server = await HandlerServer.start(handler, { trust });
    for (const lines of [
      ['X-Request-Id:'],
      [`X-Request-Id: ${'x'.repeat(129)}`],
      ['X-Request-Id: a b'],
      ['X-Request-Id: a|b'],
      ['X-Request-Id: a"b'],
      ['X-Request-Id: <a>'],
      ['X-Request-Id: a\\b'],
      ['X-Request-Id: \xe9'],
      ['X-Request-Id: a', 'X-Request-Id: b'],
    ]) {
      assert.match((await ask('/', ...lines)).logged.id, UUID, lines.join());
    }
  });
});

describe('a peer that is not trusted', () => {
  it('is the client itself, and its id is ours', async () => {
    for (const trusts of [undefined, { ...trust, trusts: () => false }]) {
      server = await HandlerServer.start(handler, trusts === undefined ? {} : { trust: trusts });
      const { response, logged } = await ask('/', ...CLAIMS, 'X-Request-Id: forged');
      assert.equal(response.body.toString(), '127.0.0.1 http localhost');
      assert.equal(logged.ip, '127.0.0.1');
      assert.match(logged.id, UUID);
      if (trusts === undefined) await server[Symbol.asyncDispose]();
    }
  });
});
