import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chunk, get, head } from '../../test/support/message.ts';
import type { Anatomy } from './anatomy.ts';
import { anatomyOfRequests } from './anatomy-request.ts';
import { anatomyOfResponses } from './anatomy-response.ts';

const LIMITS = { headerBytes: 400, headers: 8, uriBytes: 64, bodyBytes: 100 };
const CHUNKED = head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked');

function requests(text: string): Anatomy {
  return anatomyOfRequests(Buffer.from(text, 'latin1'), LIMITS);
}

function responses(text: string, method = 'GET'): Anatomy {
  return anatomyOfResponses(Buffer.from(text, 'latin1'), method);
}

/** Each range as its name and its bytes; those of the head that all share are left out. */
function named(text: string, { ranges }: Anatomy, from = ''): string[] {
  const start = Math.max(0, text.indexOf(from));
  return ranges
    .filter(({ offset }) => offset >= start)
    .map(
      ({ name, offset, length }) =>
        `${name} ${JSON.stringify(text.slice(offset, offset + length)).slice(1, -1)}`,
    );
}

describe('the ranges of a request', () => {
  test('are its line, its fields with all that separates them, and its body', () => {
    const text = `${head('PUT /x HTTP/1.1', 'Host:a', 'X:', 'Content-Length: \t3 ')}abc`;
    assert.deepEqual(named(text, requests(text)), [
      'method PUT',
      'space  ',
      'target /x',
      'space  ',
      'version HTTP/1.1',
      'line end \\r\\n',
      'field name Host',
      'colon :',
      'field value a',
      'line end \\r\\n',
      'field name X',
      'colon :',
      'line end \\r\\n',
      'field name Content-Length',
      'colon :',
      'white space  \\t',
      'field value 3',
      'white space  ',
      'line end \\r\\n',
      'empty line \\r\\n',
      'body abc',
    ]);
  });

  test('are chunks with their sizes and extensions, and trailer fields', () => {
    const body = '3;a="b;\\""\r\nabc\r\n000\r\nA: 1 \r\nB:\r\n\r\n';
    assert.deepEqual(named(CHUNKED + body, requests(CHUNKED + body), body), [
      'chunk size 3',
      'chunk extension ;a=\\"b;\\\\\\"\\"',
      'line end \\r\\n',
      'chunk data abc',
      'chunk end \\r\\n',
      'chunk size 000',
      'line end \\r\\n',
      'trailer name A',
      'colon :',
      'white space  ',
      'trailer value 1',
      'white space  ',
      'line end \\r\\n',
      'trailer name B',
      'colon :',
      'line end \\r\\n',
      'empty line \\r\\n',
    ]);
  });

  test('tell the value of what is text, and of a size in decimal digits', () => {
    const { ranges } = requests(`${CHUNKED}1a\r\n${'x'.repeat(26)}\r\n0\r\n\r\n`);
    const value = (name: string): unknown => ranges.find((range) => range.name === name)?.value;
    assert.deepEqual(
      ['method', 'field name', 'field value', 'chunk size', 'chunk data', 'colon'].map(value),
      ['POST', 'Host', 'a', '26', undefined, undefined],
    );
  });

  test('belong to their message; empty lines before one, and what is not read, to none', () => {
    const text = `\r\n${get('/')}\r\n${get('/', 'Connection: close')}rest`;
    const { ranges } = requests(text);
    const first = (message: number): unknown => ranges.find((range) => range.message === message)?.offset;
    assert.deepEqual([first(1), first(2)], [2, 4 + get('/').length]);
    assert.deepEqual(
      ranges.filter(({ message }) => message === 0).map(({ name, offset }) => `${name} ${offset}`),
      ['empty line 0', `empty line ${2 + get('/').length}`, `not read ${text.length - 4}`],
    );
  });

  test('cite the rule that they rest on', () => {
    const { ranges } = requests(head('GET * HTTP/1.1', 'Host: a').replace('GET', 'OPTIONS'));
    const rule = (name: string): unknown => ranges.find((range) => range.name === name)?.rule;
    assert.equal(rule('target'), 'RFC 9112 §3.2.4');
    assert.equal(rule('field value'), 'RFC 9110 §7.2');
  });
});

describe('the verdict on a request', () => {
  for (const [text, framing, kept] of [
    [get('/'), 7, true],
    [get('/', 'Connection: close'), 7, false],
    [head('GET / HTTP/1.0'), 7, false],
    [head('GET / HTTP/1.0', 'Connection: keep-alive'), 7, true],
    [`${get('/', 'Content-Length: 2')}ab`, 6, true],
    [get('/', 'Content-Length: 0'), 6, true],
    [`${CHUNKED}${chunk('a')}${chunk('')}`, 4, true],
  ] as const) {
    test(`${JSON.stringify(text)} is framed by rule ${framing} and ${kept ? 'keeps' : 'closes'}`, () => {
      const [message] = requests(text).messages;
      assert.equal(message.outcome, 'accepted');
      assert.equal(message.length, text.length);
      assert.equal(message.framing?.rule, `RFC 9112 §6.3, rule ${framing}`);
      assert.equal(message.next.kept, kept);
    });
  }

  for (const [text, code, offset, last] of [
    ['G\x00T', 'http1.method.malformed', 1, 'method G|refused byte \\u0000|not read T'],
    ['GET /a\tb HTTP', 'http1.target.malformed', 6, 'target /a|refused byte \\t|not read b HTTP'],
    ['GET / HTTP/2.0\r\n', 'http1.version.unsupported', 6, 'space  |refused byte H|not read TTP/2.0\\r\\n'],
    ['GET / HTTP/1.1\nA', 'http1.line.bare-lf', 14, 'version HTTP/1.1|refused byte \\n|not read A'],
    ['GET / HTTP/1.1\rA', 'http1.line.bare-cr', 14, 'version HTTP/1.1|refused byte \\r|not read A'],
    [
      get('/', 'A b: c'),
      'http1.field.space-before-colon',
      34,
      'field name A|refused byte  |not read b: c\\r\\n\\r\\n',
    ],
    [
      get('/', 'A: b\x01'),
      'http1.field.malformed-value',
      37,
      'field value b|refused byte \\u0001|not read \\r\\n\\r\\n',
    ],
    [get('/', 'A: b\rc'), 'http1.line.bare-cr', 37, 'field value b|refused byte \\r|not read c\\r\\n\\r\\n'],
    [get('/', ' b'), 'http1.field.line-folding', 33, 'line end \\r\\n|refused byte  |not read b\\r\\n\\r\\n'],
    [`${get('/').slice(0, -2)}\rX`, 'http1.line.bare-cr', 33, 'line end \\r\\n|refused byte \\r|not read X'],
    [head('GET / HTTP/1.1'), 'http1.host.missing', 16, 'version HTTP/1.1|line end \\r\\n|empty line \\r\\n'],
    [get('/', 'Host: b'), 'http1.host.repeated', 39, 'field value b|line end \\r\\n|empty line \\r\\n'],
    [`${get('x')}rest`, 'http1.target.malformed', 4, 'line end \\r\\n|empty line \\r\\n|not read rest'],
    [
      `${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Transfer-Encoding: chunked')}0`,
      'http1.framing.length-and-coding',
      64,
      'line end \\r\\n|empty line \\r\\n|not read 0',
    ],
    [
      `${get('/', 'Content-Length: 101')}abc`,
      'http1.body.too-large',
      49,
      'line end \\r\\n|empty line \\r\\n|not read abc',
    ],
    [`${CHUNKED}4\nabc`, 'http1.line.bare-lf', 57, 'chunk size 4|refused byte \\n|not read abc'],
    [`${CHUNKED}4\rabc`, 'http1.line.bare-cr', 57, 'chunk size 4|refused byte \\r|not read abc'],
    [
      `${CHUNKED}1;,\r\n`,
      'http1.chunk.malformed-extension',
      58,
      'chunk extension ;|refused byte ,|not read \\r\\n',
    ],
    [`${CHUNKED}1\r\nab`, 'http1.chunk.malformed-end', 60, 'line end \\r\\n|chunk data a|refused byte b'],
    [`${CHUNKED}0\r\nA b`, 'http1.trailer.malformed', 60, 'trailer name A|refused byte  |not read b'],
    [`${CHUNKED}0\r\nA: b\nc`, 'http1.trailer.malformed', 63, 'trailer value b|refused byte \\n|not read c'],
    [`${CHUNKED}0\r\n b`, 'http1.trailer.malformed', 59, 'line end \\r\\n|refused byte  |not read b'],
    [`${CHUNKED}0\r\n\rX`, 'http1.trailer.malformed', 59, 'line end \\r\\n|refused byte \\r|not read X'],
  ] as const) {
    test(`${JSON.stringify(text)} is refused: ${code} at byte ${offset}`, () => {
      const anatomy = requests(text);
      const [{ outcome, refusal, next }] = anatomy.messages;
      assert.deepEqual(
        [outcome, refusal?.code, refusal?.offset, next.kept],
        ['refused', code, offset, false],
      );
      assert.equal(named(text, anatomy).slice(-3).join('|'), last);
    });
  }

  for (const [text, code, last] of [
    ['GE', 'http1.head.incomplete', 'method GE'],
    ['GET /a', 'http1.head.incomplete', 'target /a'],
    ['GET / HTTP/1.1\r', 'http1.head.incomplete', 'line end \\r'],
    [get('/', 'A: b').slice(0, -1), 'http1.head.incomplete', 'empty line \\r'],
    [get('/', 'Abc').slice(0, -4), 'http1.head.incomplete', 'field name Abc'],
    [get('/', 'A: ').slice(0, -4), 'http1.head.incomplete', 'white space  '],
    [get('/', 'A: b').slice(0, -4), 'http1.head.incomplete', 'field value b'],
    [`${get('/', 'Content-Length: 3')}ab`, 'http1.body.incomplete', 'body ab'],
    [`${CHUNKED}1f`, 'http1.body.incomplete', 'chunk size 1f'],
    [`${CHUNKED}1;a=`, 'http1.body.incomplete', 'chunk extension ;a='],
    [`${CHUNKED}3\r\nab`, 'http1.body.incomplete', 'chunk data ab'],
    [`${CHUNKED}2\r\nab\r`, 'http1.body.incomplete', 'chunk end \\r'],
    [`${CHUNKED}0\r\nA: b`, 'http1.body.incomplete', 'trailer value b'],
    [`${CHUNKED}0\r\nA: b\r\n\r`, 'http1.body.incomplete', 'empty line \\r'],
  ] as const) {
    test(`${JSON.stringify(text)} is incomplete in its ${last}`, () => {
      const anatomy = requests(text);
      const [{ outcome, refusal }] = anatomy.messages;
      assert.deepEqual([outcome, refusal?.code], ['incomplete', code]);
      assert.equal(named(text, anatomy).at(-1), last);
    });
  }

  test('says how much of a body is still to come', () => {
    const missing = (text: string): unknown => requests(text).messages[0].body?.missing;
    assert.equal(missing(`${get('/', 'Content-Length: 5')}ab`), 3);
    assert.equal(missing(`${CHUNKED}a\r\nabc`), 7);
    assert.equal(missing(`${CHUNKED}0\r\n`), 0);
  });

  test('counts what comes in chunks, and refuses what is too much', () => {
    const { messages } = requests(`${CHUNKED}${chunk('x'.repeat(60)).repeat(2)}${chunk('')}`);
    assert.equal(messages[0].refusal?.code, 'http1.body.too-large');
    assert.equal(messages[0].body?.received, 120);
  });

  test('comes with what else was decided', () => {
    const [{ notes }] = requests(
      `${head('POST http://b/ HTTP/1.1', 'Host: a', 'Expect: 100-continue', 'Content-Length: 1')}x`,
    ).messages;
    assert.deepEqual(
      notes.map(({ rule }) => rule),
      ['RFC 9112 §3.2.2', 'RFC 9110 §10.1.1'],
    );
  });
});

describe('the verdict on a response', () => {
  for (const [text, method, framing, kept, last] of [
    [head('HTTP/1.1 200 OK', 'Content-Length: 3'), 'HEAD', 1, true, 'empty line \\r\\n'],
    [head('HTTP/1.1 204 No Content'), 'GET', 1, true, 'empty line \\r\\n'],
    [head('HTTP/1.1 204 ', 'Content-Length: 3'), 'GET', 1, false, 'empty line \\r\\n'],
    [`${head('HTTP/1.1 200 OK')}ab`, 'CONNECT', 2, false, 'tunnel ab'],
    [`${head('HTTP/1.1 101 X', 'Upgrade: y')}ab`, 'GET', 1, false, 'tunnel ab'],
    [
      `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}${chunk('')}`,
      'GET',
      4,
      true,
      'empty line \\r\\n',
    ],
    [`${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ab`, 'GET', 6, true, 'body ab'],
    [`${head('HTTP/1.1 200 OK')}ab`, 'GET', 8, false, 'body ab'],
  ] as const) {
    test(`${JSON.stringify(text)} to ${method} is framed by rule ${framing}`, () => {
      const anatomy = responses(text, method);
      const [message] = anatomy.messages;
      assert.equal(message.outcome, 'accepted');
      assert.equal(message.framing?.rule, `RFC 9112 §6.3, rule ${framing}`);
      assert.equal(message.next.kept, kept);
      assert.equal(named(text, anatomy).at(-1), last);
    });
  }

  test('after an interim answer is that on the final one', () => {
    const text = `${head('HTTP/1.1 103 Early Hints', 'Link: x')}${head('HTTP/1.1 304 Not Modified')}`;
    assert.deepEqual(
      responses(text).messages.map(({ outcome, response }) => [outcome, response?.status]),
      [
        ['accepted', 103],
        ['accepted', 304],
      ],
    );
  });

  test('misses the final answer where only interim ones are there', () => {
    const interim = head('HTTP/1.1 103 Early Hints');
    assert.equal(responses(interim).complete, false);
    assert.equal(responses(interim + head('HTTP/1.1 204 No Content')).complete, true);
    assert.equal(responses(head('HTTP/1.1 101 X')).complete, true);
  });

  for (const [text, code, detail, offset] of [
    ['HTTP/1.1 2x0 OK\r\n', 'upstream.malformed-response', 'http1.status-line.malformed', 10],
    ['HTTP/1.1 200 OK\n', 'upstream.malformed-response', 'http1.line.bare-lf', 15],
    [head('HTTP/1.1 200 OK', 'A : b'), 'upstream.malformed-response', 'http1.field.space-before-colon', 18],
    [
      head('HTTP/1.1 200 OK', 'Content-Length: 1x'),
      'upstream.ambiguous-framing',
      'http1.framing.malformed-length',
      33,
    ],
    [
      head('HTTP/1.1 103 X', 'Content-Length: 1'),
      'upstream.ambiguous-framing',
      'http1.framing.content-in-interim',
      32,
    ],
    [
      `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}x`,
      'upstream.malformed-response',
      'http1.chunk.malformed-size',
      47,
    ],
  ] as const) {
    test(`${JSON.stringify(text)} is refused: ${detail}`, () => {
      const [{ outcome, refusal }] = responses(text).messages;
      assert.deepEqual(
        [outcome, refusal?.code, refusal?.detail, refusal?.offset],
        ['refused', code, detail, offset],
      );
    });
  }
});
