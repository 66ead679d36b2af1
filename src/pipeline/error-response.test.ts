import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorCatalogue, errorInfo } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { RequestHead } from '../http/head.ts';
import { HeaderList } from '../http/header-list.ts';
import { errorResponse } from './error-response.ts';
import type { ErrorContext } from './error-response.ts';

const ID = '1c4f0a52-7d1e-4b8e-9a43-5b2c9f0d6e11';

function requestAccepting(...accept: string[]): RequestHead {
  return {
    method: 'GET',
    form: 'origin',
    rawTarget: '/secret/path?token=hidden',
    path: '/secret/path',
    query: '?token=hidden',
    authority: 'internal.example:8080',
    version: 11,
    headers: HeaderList.of(...accept.flatMap((value) => ['Accept', value])),
  };
}

function answer(code: ErrorCode, accept: string[] = [], more: Partial<ErrorContext> = {}) {
  const response = errorResponse(code, { request: requestAccepting(...accept), id: ID, ...more });
  return { response, text: (response.body as Buffer).toString('utf8') };
}

const ONE_OF_EACH_STATUS: Record<number, ErrorCode> = {
  400: 'http1.host.missing',
  403: 'request.forbidden',
  404: 'request.not-found',
  405: 'request.method-not-allowed',
  408: 'http1.timeout.headers',
  411: 'http1.body.length-required',
  412: 'request.precondition-failed',
  413: 'http1.body.too-large',
  414: 'http1.request-line.too-long',
  416: 'request.range-not-satisfiable',
  417: 'http1.expectation.unknown',
  431: 'http1.head.too-large',
  500: 'internal.failure',
  501: 'request.method-unknown',
  502: 'upstream.connect-failed',
  503: 'server.connection-limit',
  504: 'upstream.first-byte-timeout',
  505: 'http1.version.unsupported',
};

describe('every status has its page', () => {
  for (const [status, code] of Object.entries(ONE_OF_EACH_STATUS)) {
    const { message } = errorCatalogue[code];
    // Rules of the wire are named to who broke them.
    const rule = code.startsWith('http1.') ? errorInfo(code).rule : undefined;
    test(`${status} in HTML`, () => {
      const { response, text } = answer(code, ['text/html']);
      assert.equal(response.status, Number(status));
      assert.equal(response.error, code);
      assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
      assert.ok(text.includes(`<h1><b>${status}</b> `) && text.includes(message) && text.includes(ID));
      assert.equal(text.includes('<small>'), rule !== undefined);
    });
    test(`${status} in JSON`, () => {
      const { response, text } = answer(code, ['application/json']);
      assert.equal(response.status, Number(status));
      assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
      const broken = rule === undefined ? {} : { rule };
      assert.deepEqual(JSON.parse(text), { status: Number(status), error: code, message, ...broken, id: ID });
    });
    test(`${status} in plain text`, () => {
      const { response, text } = answer(code, ['text/plain']);
      assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
      const lines = text.split('\n');
      assert.match(lines[0], new RegExp(`^${status} [A-Z][A-Za-z ]+$`));
      const rest = rule === undefined ? [] : [rule];
      assert.deepEqual(lines.slice(1), [message, ...rest, `Request id ${ID}`, '']);
    });
  }
});

test('who broke a rule of the wire is told where', () => {
  const at = (accept: string): string => answer('http1.chunk.malformed-size', [accept], { at: 57 }).text;
  assert.match(at('text/html'), /<small>RFC 9112 §7\.1, byte 57 of the request<\/small>/);
  assert.match(at('text/plain'), /^RFC 9112 §7\.1, byte 57 of the request$/m);
  const told = JSON.parse(at('application/json')) as { rule: string; at: number };
  assert.deepEqual([told.rule, told.at], ['RFC 9112 §7.1', 57]);
});

test('no answer is stored, sniffed, or served to a client that asked for another form', () => {
  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    const { response } = answer(code);
    assert.equal(response.headers.get('cache-control'), 'no-store', code);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff', code);
    assert.equal(response.headers.get('vary'), 'Accept', code);
  }
});

test('the fields of framing are left to the wire', () => {
  const names = [...answer('request.not-found').response.headers].map(([name]) => name.toLowerCase());
  for (const name of [
    'content-length',
    'transfer-encoding',
    'connection',
    'date',
    'server',
    'x-request-id',
  ]) {
    assert.ok(!names.includes(name), name);
  }
});

test('the form follows the Accept field', () => {
  const form = (...accept: string[]) =>
    answer('request.not-found', accept).response.headers.get('content-type');
  const html = 'text/html; charset=utf-8';
  const json = 'application/json; charset=utf-8';
  const text = 'text/plain; charset=utf-8';
  assert.equal(form(), html);
  assert.equal(form('*/*'), html);
  assert.equal(form('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'), html);
  assert.equal(form('application/json, text/plain, */*'), json);
  assert.equal(form('text/html;q=0.5, application/json'), json);
  assert.equal(form('text/html;q=0.5', 'application/json'), json, 'two fields are one list');
  assert.equal(form('text/plain'), text);
  assert.equal(form('application/problem+json'), json, 'a kind of JSON');
  assert.equal(form('image/png'), text, 'nothing that we have');
  assert.equal(form('*/*;q=0'), text, 'nothing at all');
});

test('a request whose head never became one gets HTML', () => {
  const response = errorResponse('http1.request-line.malformed', { request: undefined, id: ID });
  assert.equal(response.status, 400);
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
});

test('405 names the methods that are allowed', () => {
  const { response } = answer('request.method-not-allowed', [], { allow: 'GET, HEAD' });
  assert.equal(response.headers.get('allow'), 'GET, HEAD');
  assert.equal(answer('request.not-found').response.headers.has('allow'), false);
});

test('further fields are carried', () => {
  const { response } = answer('server.shutting-down', [], { headers: ['Retry-After', '5'] });
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('retry-after'), '5');
});

test('nothing of the request, the code or the server is shown on a page', () => {
  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    const { text } = answer(code, ['text/html']);
    for (const secret of ['secret', 'hidden', 'internal.example', code, 'DreamServer', process.version]) {
      assert.ok(!text.includes(secret), `${code}: ${secret}`);
    }
  }
});
