import assert from 'node:assert/strict';
import { emptyBody, type BodySource } from '../../src/http/body.ts';
import { RequestHeadParser } from '../../src/http1/parse-request-head.ts';
import { Exchange, type Trust } from '../../src/pipeline/exchange.ts';

const LIMITS = { headerBytes: 32_768, headers: 100, uriBytes: 8192 };

/** An exchange as the server makes it of a request's bytes; its peer is 203.0.113.7, trusted where `trust` is given. */
export function exchangeOf(
  message: string,
  {
    secure = false,
    body = emptyBody,
    trust,
    address = '203.0.113.7',
  }: { secure?: boolean; body?: BodySource; trust?: Trust | undefined; address?: string } = {},
): Exchange {
  const bytes = Buffer.from(message, 'latin1');
  const parser = new RequestHeadParser(LIMITS);
  assert.ok(parser.parse(bytes, 0, bytes.length) > 0, parser.error);
  assert.ok(parser.head);
  return new Exchange(parser.head, body, { address, port: 1, secure }, undefined, trust);
}
