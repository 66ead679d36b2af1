import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  contradiction,
  withoutAuthority,
  type ReadMessage,
  type Reading,
  type ReadingEnd,
} from './reading.ts';
import { compareRaw } from './requests.ts';

const whole = (head: string, body = ''): ReadMessage => ({ head, body, complete: true });
const part = (head: string, body = ''): ReadMessage => ({ head, body, complete: false });
const reading = (end: ReadingEnd, ...messages: ReadMessage[]): Reading => ({ messages, end });

describe('two readings', () => {
  const agreeing: [string, Reading, Reading][] = [
    ['of the same messages', reading('open', whole('GET /')), reading('open', whole('GET /'))],
    [
      'of which one refuses',
      reading('open', whole('GET /a'), whole('GET /b')),
      reading('refused', whole('GET /a')),
    ],
    [
      'of which one reads no more',
      reading('closed', whole('GET /a')),
      reading('open', whole('GET /a'), whole('GET /b')),
    ],
    [
      'of a body that one refuses in its middle',
      reading('refused', part('GET /', 'ab')),
      reading('open', whole('GET /', 'abc')),
    ],
    ['of a body that breaks off', reading('open', part('GET /', 'a')), reading('open', part('GET /', 'ab'))],
  ];
  for (const [name, ours, theirs] of agreeing) {
    test(`${name} agree`, () => {
      assert.equal(contradiction(ours, theirs), undefined);
      assert.equal(contradiction(theirs, ours), undefined);
    });
  }

  const contradicting: [string, Reading, Reading][] = [
    ['another target', reading('open', whole('GET /a')), reading('open', whole('GET /b'))],
    ['another body', reading('open', whole('GET /', 'a')), reading('open', whole('GET /', 'b'))],
    ['a longer body', reading('open', whole('GET /', 'a')), reading('closed', whole('GET /', 'ab'))],
    ['one message more', reading('open', whole('GET /'), whole('GET /')), reading('open', whole('GET /'))],
    ['no end yet', reading('open', whole('GET /')), reading('open', part('GET /'))],
    ['none yet', reading('open', whole('GET /')), reading('open')],
    [
      'more of a body than there is',
      reading('open', whole('GET /', 'a')),
      reading('refused', part('GET /', 'ab')),
    ],
    ['another message begun', reading('open', whole('GET /a')), reading('refused', part('GET /b'))],
  ];
  for (const [name, ours, theirs] of contradicting) {
    test(`contradict each other by ${name}`, () => {
      assert.notEqual(contradiction(ours, theirs), undefined);
      assert.notEqual(contradiction(theirs, ours), undefined);
    });
  }

  test('agree where a proxy has kept to itself what has only begun', () => {
    assert.equal(contradiction(reading('open', part('GET /')), reading('open')), undefined);
    // We keep nothing to ourselves.
    assert.notEqual(contradiction(reading('open'), reading('open', part('GET /'))), undefined);
  });

  test('are shown side by side, with the bytes', async () => {
    const bytes = Buffer.from('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n0\r\n\x80');
    const found = await compareRaw(bytes, 'somebody', () =>
      Promise.resolve(reading('open', whole('POST /x', '0'))),
    );
    assert.match(
      found ?? '',
      /^message 1: the bodies differ\nbytes:\n {2}"POST .*\nours:\n {2}1\. POST \/x \| /,
    );
    assert.match(found ?? '', /\nsomebody:\n {2}1\. POST \/x \| "0"\n {2}then open$/);
  });
});

test('a target in absolute form is compared by its path and query', () => {
  assert.equal(withoutAuthority('http://a:80/x?y'), '/x?y');
  assert.equal(withoutAuthority('HTTPS://a?y'), '/?y');
  assert.equal(withoutAuthority('/x'), '/x');
  assert.equal(withoutAuthority('*'), '*');
});
