import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { HandlerServer } from '../../test/support/handler-server.ts';
import { get, head } from '../../test/support/message.ts';
import { field, type RawResponse } from '../../test/support/parse-response.ts';
import { exchange } from '../../test/support/raw-connection.ts';
import { Tap } from '../../test/support/tap.ts';
import { DreamError } from '../core/errors.ts';
import type { BodySource } from '../http/body.ts';
import { Response } from '../http/response.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { PendingResponse } from '../pipeline/pending-response.ts';

const hello = (): Response => new Response(200, undefined, Buffer.from('hello'));

const unreadable = (): DreamError =>
  new DreamError('static.unreadable', undefined, { cause: Object.assign(new Error('EIO'), { code: 'EIO' }) });

/** A body that fails before its head has left. */
const broken: BodySource = {
  length: 10,
  trailers: undefined,
  flow: (sink) => sink.fail(unreadable()),
  resume: () => {},
  cancel: () => {},
};

/** Answers each path below /api/ in another of the ways that a handler may answer in. */
function handler({ request, params }: Exchange): Response | PromiseLike<Response> {
  switch (params.rest) {
    case 'promise':
      return Promise.resolve(hello());
    case 'pending': {
      const pending = new PendingResponse();
      setImmediate(() => pending.settle(hello()));
      return pending;
    }
    case 'throws':
      throw new DreamError('request.forbidden', 'for the log only');
    case 'rejects':
      return Promise.reject(new DreamError('request.range-not-satisfiable'));
    case 'unreadable':
      throw unreadable();
    case 'unreadable-at-once':
      return new Response(200, undefined, broken);
    case 'unreadable-later': {
      const body = new Tap(10);
      setImmediate(() => void body.push('hel').then(() => body.sink?.fail(unreadable())));
      return new Response(200, undefined, body);
    }
    case 'breaks':
      throw new TypeError(`inside of ${request.path}`);
    case 'breaks-later':
      return Promise.reject(new TypeError(`inside of ${request.path}`));
    case 'forgets':
      return undefined as unknown as Response;
    case 'promises-nothing':
      return Promise.resolve('hello' as unknown as Response);
    case 'rejects-with-nothing':
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- that is what is tested
      return Promise.reject();
    default:
      return hello();
  }
}

let server: HandlerServer;
before(async () => {
  server = await HandlerServer.start(handler, { path: '/api/*' });
});
after(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.log.length = 0;
  server.failures.length = 0;
});

const ask = (request: string): Promise<RawResponse> => exchange(server.port, request);

describe('a request', () => {
  it('is answered by the handler of its route, in any of the ways that handlers answer', async () => {
    for (const way of ['at-once', 'promise', 'pending']) {
      assert.equal((await ask(get(`/api/${way}`))).body.toString(), 'hello', way);
    }
  });

  it('for which there is no route is not found', async () => {
    const response = await ask(get('/elsewhere', 'Accept: application/json'));
    assert.equal(response.status, 404);
    assert.equal((JSON.parse(response.body.toString()) as { error: string }).error, 'request.not-found');
  });

  it('about the server as a whole is answered by the server (RFC 9110 §9.3.7)', async () => {
    const response = await ask(head('OPTIONS * HTTP/1.1', 'Host: a'));
    assert.equal(response.status, 204);
    assert.match(field(response, 'Allow') ?? '', /\bGET\b.*\bOPTIONS\b/);
  });

  it('to be connected to somebody else is not allowed: this is no forward proxy', async () => {
    const response = await ask(head('CONNECT a.example:443 HTTP/1.1', 'Host: a.example:443'));
    assert.equal(response.status, 405);
    assert.doesNotMatch(field(response, 'Allow') ?? '', /CONNECT/);
  });
});

describe('a refused request', () => {
  it('of the method HEAD gets no body (RFC 9110 §9.3.2)', async () => {
    const response = await ask(head('HEAD / HTTP/1.1', 'Host: a', 'A : b'));
    assert.deepEqual([response.status, response.body.length], [400, 0]);
  });
});

describe('a handler that fails', () => {
  it('with an error of the catalogue is answered with what that says', async () => {
    for (const [path, status, error] of [
      ['/api/throws', 403, 'request.forbidden'],
      ['/api/rejects', 416, 'request.range-not-satisfiable'],
    ] as const) {
      const response = await ask(get(path));
      assert.equal(response.status, status);
      assert.equal(server.log.at(-1)?.error, error);
      assert.doesNotMatch(response.body.toString(), /for the log only/);
    }
    assert.deepEqual(server.failures, []);
  });

  it('with anything else is answered with 500; the log of events has the details, and the id to find them by', async () => {
    for (const way of ['breaks', 'breaks-later', 'rejects-with-nothing', 'forgets', 'promises-nothing']) {
      const path = `/api/${way}`;
      const response = await ask(get(path));
      assert.equal(response.status, 500);
      assert.doesNotMatch(response.body.toString(), /inside/);
      const { id, error } = server.failures.pop() as { id: string; error: string };
      assert.equal(id, field(response, 'X-Request-Id'));
      if (path.startsWith('/api/breaks')) assert.match(error, /^TypeError: inside of .*\n {4}at /);
    }
  });
});

describe('the log', () => {
  it('has a line for each request, with what it asked for and what it got', async () => {
    const response = await ask(head('GET /api/%61?b=c HTTP/1.1', 'Host: A.Example:8080'));
    assert.deepEqual(server.log, [
      {
        id: field(response, 'X-Request-Id'),
        ip: '127.0.0.1',
        method: 'GET',
        host: 'a.example:8080',
        path: '/api/%61?b=c',
        status: 200,
        bytes: 5,
        error: undefined,
        cause: undefined,
        at: undefined,
        version: 11,
        referer: undefined,
        userAgent: undefined,
      },
    ]);
  });

  it('has the system’s word for what kept an answer from being made, or made it break off', async () => {
    assert.equal((await ask(get('/api/unreadable'))).status, 500);
    assert.equal((await ask(get('/api/unreadable-at-once'))).status, 500);
    await assert.rejects(ask(get('/api/unreadable-later')));
    assert.deepEqual(
      server.log.map(({ status, bytes, error, cause }) => [status, bytes === 3, error, cause]),
      [
        [500, false, 'static.unreadable', 'EIO'],
        [500, false, 'static.unreadable', 'EIO'],
        [200, true, 'static.unreadable', 'EIO'],
      ],
    );
  });

  it('counts no bytes for an answer without any', async () => {
    await ask(head('HEAD /api/x HTTP/1.1', 'Host: a'));
    assert.deepEqual(
      server.log.map(({ method, bytes }) => [method, bytes]),
      [['HEAD', 0]],
    );
  });

  it('names what was asked for also where the request was refused, as far as it can be told', async () => {
    await ask(head('GET /x?y HTTP/1.1', 'Bad Field: 1'));
    await ask(head('PUT /z HTTP/1.1', 'Host: a', 'Content-Length: x'));
    assert.deepEqual(
      server.log.map(({ method, host, path, status, error, at }) => [method, host, path, status, error, at]),
      [
        ['GET', '', '/x?y', 400, 'http1.field.space-before-colon', 22],
        ['PUT', 'a', '/z', 400, 'http1.framing.malformed-length', 42],
      ],
    );
  });
});
