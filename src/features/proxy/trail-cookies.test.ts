import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TrailCookies } from './trail-cookies.ts';

/** The Cookie field of a request for `target`, after an answer to `/dir/page?x` on a.example has set these. */
function sent(target: string, own: string | undefined, ...lines: string[]): string | undefined {
  const cookies = new TrailCookies((line) => line);
  cookies.take(lines, '/dir/page?x', 'a.example:8080');
  return cookies.fieldFor(target, own);
}

describe('a cookie of the way (RFC 6265)', () => {
  it('is sent below its path, which is that of the request where it names none (§5.1.4)', () => {
    assert.equal(sent('/dir/other', undefined, 'a=1'), 'a=1');
    assert.equal(sent('/dir', undefined, 'a=1'), 'a=1');
    assert.equal(sent('/dirt', undefined, 'a=1'), undefined);
    assert.equal(sent('/', undefined, 'a=1'), undefined);
    assert.equal(sent('/?q', undefined, 'a=1; Path=/'), 'a=1');
    assert.equal(sent('/x/y', undefined, 'a=1; path=/x/'), 'a=1');
    assert.equal(sent('/x', undefined, 'a=1; Path=/x/'), undefined);
    assert.equal(sent('/dir/', undefined, 'a=1; Path=x'), 'a=1');
  });

  it('is sent to the host that may have set it, and to no other (§5.1.3)', () => {
    for (const domain of ['a.example', '.a.example', 'A.EXAMPLE', 'example', '']) {
      assert.equal(sent('/dir/', undefined, `a=1; Domain=${domain}`), 'a=1', domain);
    }
    for (const domain of ['b.example', 'x.a.example', 'ample']) {
      assert.equal(sent('/dir/', undefined, `a=1; Domain=${domain}`), undefined, domain);
    }
  });

  it('takes the place of the client’s of that name, or takes it away', () => {
    assert.equal(sent('/dir/', 'b=2; a=0', 'a=1'), 'b=2; a=1');
    assert.equal(sent('/dir/', 'b=2; a=0', 'a=; Max-Age=0'), 'b=2');
    assert.equal(sent('/dir/', 'a=0', 'a=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT'), undefined);
    assert.equal(sent('/dir/', 'a=0', 'a=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=10'), 'a=x');
    assert.equal(sent('/dir/', 'a=0', 'a=x; Expires=never; Max-Age=soon'), 'a=x');
    assert.equal(sent('/elsewhere', 'a=0', 'a=1'), 'a=0');
  });

  it('may have a value with anything in it, or no name', () => {
    assert.equal(sent('/dir/', undefined, 'a="b=c d"; Secure; HttpOnly'), 'a="b=c d"');
    assert.equal(sent('/dir/', 'x', 'token'), 'token');
    assert.equal(sent('/dir/', 'x=1', '=y'), 'x=1; y');
  });

  it('is kept once, the last of its name and path, and of very many the newest', () => {
    const cookies = new TrailCookies((line) => `${line}!`);
    assert.equal(cookies.take(['a=1', 'a=2; Path=/', 'a=3'], '/x', 'a'), true);
    assert.deepEqual(cookies.lines, ['a=3!']);
    assert.equal(cookies.take(['a=3; Secure'], '/x', 'a'), false);
    cookies.take(
      Array.from({ length: 200 }, (_, i) => `c${i}=`),
      '/',
      'a',
    );
    assert.deepEqual([cookies.lines.length, cookies.lines.at(-1)], [50, 'c199=!']);
  });
});
