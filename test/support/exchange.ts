import assert from 'node:assert/strict';
import { emptyBody, type BodySource } from '../../src/http/body.ts';
import { RequestHeadParser } from '../../src/http1/parse-request-head.ts';
import { Exchange } from '../../src/pipeline/exchange.ts';

const LIMITS = { headerBytes: 32_768, headers: 100, uriBytes: 8192 };

/** An exchange as the server makes it of a request's bytes; its peer is 203.0.113.7. */
export function exchangeOf(
  message: string,
  { secure = false, body = emptyBody }: { secure?: boolean; body?: BodySource } = {},
): Exchange {
  const bytes = Buffer.from(message, 'latin1');
  const parser = new RequestHeadParser(LIMITS);
  assert.ok(parser.parse(bytes, 0, bytes.length) > 0, parser.error);
  assert.ok(parser.head);
  return new Exchange(parser.head, body, { address: '203.0.113.7', port: 1, secure });
}
