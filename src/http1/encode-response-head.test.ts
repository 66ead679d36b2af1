import assert from 'node:assert/strict';
import { before, describe, it, mock } from 'node:test';
import { head } from '../../test/support/message.ts';
import { parseFields } from '../../test/support/parse-fields.ts';
import { emptyBody, type Body } from '../http/body.ts';
import type { HttpVersion } from '../http/head.ts';
import { HeaderList } from '../http/header-list.ts';
import { Response } from '../http/response.ts';
import { encodeResponseHead, responseBodyMode } from './encode-response-head.ts';

const DATE = 'Date: Sun, 06 Nov 1994 08:49:37 GMT';
const ID = 'X-Request-Id: 1c4f';

const unknownLength: Body = { ...emptyBody, length: undefined };
const knownLength: Body = { ...emptyBody, length: 7 };
const BODIES: readonly Body[] = [null, Buffer.from('hello'), knownLength, unknownLength];

interface Case {
  readonly method?: string;
  readonly version?: HttpVersion;
  readonly keepAlive?: boolean;
  readonly serverHeader?: string;
}

function encode(
  response: Response,
  { method = 'GET', version = 11, keepAlive = true, serverHeader }: Case = {},
): string {
  const mode = responseBodyMode(response, method, version);
  return encodeResponseHead(response, mode, version, '1c4f', keepAlive, serverHeader);
}

before(() => mock.timers.enable({ apis: ['Date'], now: Date.UTC(1994, 10, 6, 8, 49, 37) }));

describe('the head of a response', () => {
  it('is status line, fields, length, Date and the request id, and nothing that need not be said', () => {
    const response = new Response(200, HeaderList.of('Content-Type', 'text/plain'), Buffer.from('hello'));
    assert.equal(
      encode(response),
      head('HTTP/1.1 200 OK', 'Content-Type: text/plain', 'Content-Length: 5', DATE, ID),
    );
  });

  it('names the server where that is configured', () => {
    assert.equal(
      encode(new Response(200), { serverHeader: 'DreamServer/1' }),
      head('HTTP/1.1 200 OK', 'Server: DreamServer/1', 'Content-Length: 0', DATE, ID),
    );
  });

  it('speaks of the connection only where the version does not say it already (RFC 9112 §9.3)', () => {
    const last = (options: Case): string => encode(new Response(200), options).split('\r\n').slice(-3)[0];
    assert.equal(last({ version: 11, keepAlive: true }), ID);
    assert.equal(last({ version: 11, keepAlive: false }), 'Connection: close');
    assert.equal(last({ version: 10, keepAlive: true }), 'Connection: keep-alive');
    assert.equal(last({ version: 10, keepAlive: false }), 'Connection: close');
  });

  it('is always of HTTP/1.1, whatever the client speaks (RFC 9110 §6.2)', () => {
    assert.match(encode(new Response(200), { version: 10 }), /^HTTP\/1\.1 /);
  });

  it('has no field of an upstream that is for its connection, its framing, or ours to say', () => {
    const fields = parseFields(
      'Connection: close',
      'Keep-Alive: 5',
      'Transfer-Encoding: chunked',
      'Content-Length: 9',
      'Trailer: a',
      'Upgrade: h2c',
      'Date: Mon, 01 Jan 2001 00:00:00 GMT',
      'Server: them',
      'X-Request-Id: theirs',
      'Proxy-Connection: x',
      'Via: 1.1 them',
      'Set-Cookie: a=b',
      'set-cookie: c=d',
    );
    assert.equal(
      encode(new Response(200, fields, unknownLength)),
      head(
        'HTTP/1.1 200 OK',
        'Via: 1.1 them',
        'Set-Cookie: a=b',
        'set-cookie: c=d',
        DATE,
        ID,
        'Transfer-Encoding: chunked',
      ),
    );
  });

  it('passes on the reason that an upstream gave', () => {
    assert.match(encode(new Response(200, undefined, null, { reason: 'Fine' })), /^HTTP\/1\.1 200 Fine\r\n/);
  });

  it('of an answer that is sent many times is made once, but for what each request has of its own', () => {
    const response = new Response(200, HeaderList.of('A', '1'), Buffer.from('hello'), { reusable: true });
    const first = encode(response);
    response.headers.append('B', '2');
    assert.equal(encode(response), first);
    assert.equal(encode(response, { keepAlive: false }), first.replace(/\r\n$/, 'Connection: close\r\n\r\n'));
    const other = new Response(200, HeaderList.of('A', '1'));
    encode(other);
    other.headers.append('B', '2');
    assert.match(encode(other), /\r\nB: 2\r\n/);
  });
});

describe('the framing of a response (RFC 9112 §6.3)', () => {
  const framing = (response: Response, options: Case = {}): string => {
    const mode = responseBodyMode(response, options.method ?? 'GET', options.version ?? 11);
    const field = /^(?:content-length|transfer-encoding): .*$/im.exec(encode(response, options))?.[0];
    return field === undefined ? mode : `${mode}, ${field}`;
  };
  const hello = Buffer.from('hello');

  it('is the length, of bytes that are here and of bytes that come', () => {
    assert.equal(framing(new Response(200, undefined, hello)), 'whole, Content-Length: 5');
    assert.equal(framing(new Response(200)), 'whole, Content-Length: 0');
    assert.equal(framing(new Response(200, undefined, knownLength)), 'counted, Content-Length: 7');
    assert.equal(
      framing(new Response(404, undefined, knownLength), { version: 10 }),
      'counted, Content-Length: 7',
    );
  });

  it('is chunks for HTTP/1.1 and the end of the connection for HTTP/1.0, where no length is known', () => {
    assert.equal(framing(new Response(200, undefined, unknownLength)), 'chunked, Transfer-Encoding: chunked');
    assert.equal(framing(new Response(200, undefined, unknownLength), { version: 10 }), 'until-close');
  });

  it('of an answer to HEAD tells the length that GET would get, and no bytes follow (RFC 9110 §9.3.2)', () => {
    const options = { method: 'HEAD' };
    assert.equal(framing(new Response(200, undefined, hello), options), 'none, Content-Length: 5');
    assert.equal(framing(new Response(200, undefined, knownLength), options), 'none, Content-Length: 7');
    assert.equal(framing(new Response(200, undefined, unknownLength), options), 'none');
    assert.equal(framing(new Response(200, undefined, unknownLength), { ...options, version: 10 }), 'none');
  });

  it('is neither for 204 and 304: they have no content (RFC 9110 §8.6)', () => {
    for (const status of [204, 304]) {
      for (const body of BODIES) {
        assert.equal(framing(new Response(status, undefined, body)), 'none');
      }
    }
  });
});
