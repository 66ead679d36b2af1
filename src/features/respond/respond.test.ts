import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Response } from '../../http/response.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { createRespondHandler } from './handler.ts';
import { respondSchema } from './schema.ts';

function answer(input: unknown): Response {
  // The answer does not depend on the request.
  return createRespondHandler(respondSchema.parse(input))({} as Exchange) as Response;
}

describe('respond', () => {
  test('a string alone is the body of a 200', () => {
    const response = answer('ok');
    assert.equal(response.status, 200);
    assert.deepEqual([...response.headers], [['content-type', 'text/plain; charset=utf-8']]);
    assert.deepEqual(response.body, Buffer.from('ok'));
  });

  test('gives status, body, content type and other fields', () => {
    const response = answer({
      status: 503,
      body: '<p>später</p>',
      contentType: 'text/html; charset=utf-8',
      headers: { 'Retry-After': '60' },
    });
    assert.equal(response.status, 503);
    assert.deepEqual(
      [...response.headers],
      [
        ['content-type', 'text/html; charset=utf-8'],
        ['Retry-After', '60'],
      ],
    );
    assert.deepEqual(response.body, Buffer.from('<p>später</p>'));
  });

  test('without a body there is no content type', () => {
    const response = answer({ status: 204 });
    assert.equal(response.body, null);
    assert.deepEqual([...response.headers], []);
  });

  test('a content type among the fields is the content type', () => {
    const { headers } = answer({ body: '{}', headers: { 'Content-Type': 'application/json' } });
    assert.deepEqual([...headers], [['Content-Type', 'application/json']]);
  });

  test('every request gets the same answer, made once', () => {
    const handler = createRespondHandler(respondSchema.parse('ok'));
    assert.equal(handler({} as Exchange), handler({} as Exchange));
    assert.equal((handler({} as Exchange) as Response).reusable, true);
  });
});

test('options that could not be sent are refused', () => {
  for (const input of [
    { status: 100 },
    { status: 600 },
    { status: 204, body: 'x' },
    { headers: { 'Content-Length': '5' } },
    { headers: { 'transfer-encoding': 'chunked' } },
    { headers: { 'a b': 'x' } },
    { headers: { a: 'x\r\nb: y' } },
    { contentType: 'html' },
    { contentType: 'text/html\r\nx: y' },
    { bodies: 'x' },
    7,
  ]) {
    assert.equal(respondSchema.safeParse(input).success, false, JSON.stringify(input));
  }
});
