import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { head } from '../../test/support/message.ts';
import { parseFields } from '../../test/support/parse-fields.ts';
import type { OutgoingRequestHead } from '../http/head.ts';
import { hopByHopAnd } from '../http/hop-by-hop.ts';
import { encodeRequestHead } from './encode-request-head.ts';

const outgoing = (changes: Partial<OutgoingRequestHead> = {}): OutgoingRequestHead => ({
  method: 'GET',
  target: '/a?b',
  host: 'a.example',
  headers: parseFields('Accept: */*', 'X-Own:1'),
  omit: hopByHopAnd(),
  nominated: undefined,
  added: [],
  upgrade: undefined,
  trailers: false,
  expectContinue: false,
  identified: false,
  reusable: false,
  ...changes,
});

describe('the head of a request that we send', () => {
  it('is the request line, Host, the fields, and ours behind them (RFC 9112 §3)', () => {
    assert.equal(
      encodeRequestHead(outgoing({ added: ['Via', '1.1 us', 'X-Ours', '2'] }), null),
      head('GET /a?b HTTP/1.1', 'Host: a.example', 'Accept: */*', 'X-Own: 1', 'Via: 1.1 us', 'X-Ours: 2'),
    );
  });

  it('says nothing of a connection: HTTP/1.1 keeps it', () => {
    const headers = parseFields('Connection: close, x-hop', 'Keep-Alive: 5', 'X-Hop: 1', 'Accept: a');
    assert.equal(
      encodeRequestHead(outgoing({ headers, nominated: new Set(['x-hop']) }), null),
      head('GET /a?b HTTP/1.1', 'Host: a.example', 'Accept: a'),
    );
  });

  it('drops what was nominated by the client, and keeps what is ours', () => {
    const headers = parseFields('Connection: via', 'Via: 1.0 them');
    assert.equal(
      encodeRequestHead(outgoing({ headers, nominated: new Set(['via']), added: ['Via', '1.1 us'] }), null),
      head('GET /a?b HTTP/1.1', 'Host: a.example', 'Via: 1.1 us'),
    );
  });

  it('frames the body by our own word alone: by its length, or as chunks', () => {
    const headers = parseFields('Content-Length: 9', 'Transfer-Encoding: gzip, chunked', 'Trailer: a');
    const encode = (length: number | undefined | null): string =>
      encodeRequestHead(outgoing({ headers }), length);
    assert.equal(encode(5), head('GET /a?b HTTP/1.1', 'Host: a.example', 'Content-Length: 5'));
    assert.equal(encode(0), head('GET /a?b HTTP/1.1', 'Host: a.example', 'Content-Length: 0'));
    assert.equal(
      encode(undefined),
      head('GET /a?b HTTP/1.1', 'Host: a.example', 'Transfer-Encoding: chunked'),
    );
    assert.equal(encode(null), head('GET /a?b HTTP/1.1', 'Host: a.example'));
  });

  it('says that there is no content where the method expects some (RFC 9110 §8.6)', () => {
    const headers = parseFields();
    for (const method of ['POST', 'PUT', 'PATCH']) {
      assert.equal(
        encodeRequestHead(outgoing({ method, headers }), null),
        head(`${method} /a?b HTTP/1.1`, 'Host: a.example', 'Content-Length: 0'),
      );
    }
    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'M-OWN']) {
      assert.doesNotMatch(encodeRequestHead(outgoing({ method, headers }), null), /content-length/i);
    }
  });
});
