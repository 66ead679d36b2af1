/** The threat: a client that speaks for others, by fields that only the proxies before us may write. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { only, trusting, upstreamLines } from '../../../test/support/upstream-head.ts';
import { get, head } from '../../../test/support/message.ts';

describe('the forwarding fields', () => {
  const claims = [
    'X-Forwarded-For: 1.1.1.1',
    'x-forwarded-for: 2.2.2.2',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: a.example',
    'Forwarded: for=1.1.1.1',
  ];
  const forwarding = (lines: readonly string[]): string[] => only(lines, /forwarded/i);

  it('of a client that is not trusted are replaced by what we see', () => {
    assert.deepEqual(forwarding(upstreamLines(get('/', ...claims))), [
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: localhost',
    ]);
  });

  const kin = [
    'X-Forwarded-Port: 443',
    'x-forwarded-prefix: /a',
    'X_Forwarded_Ssl: on',
    'X-Real-IP: 1.1.1.1',
    'X-Real-Ipad: 1',
  ];

  it('of a client that is not trusted are gone with all their kin', () => {
    const lines = upstreamLines(get('/', ...kin, 'X-Own: 1', 'Connection: x-own'));
    assert.deepEqual(only(lines, /^x.(forwarded.(?!for|proto|host)|real|own)/i), ['X-Real-Ipad: 1']);
  });

  it('of a proxy that is trusted come with their kin', () => {
    const lines = upstreamLines(get('/', ...kin), { trust: trusting('x-forwarded') });
    assert.deepEqual(only(lines, /^x.(forwarded.(?!for|proto|host)|real)/i), kin);
  });

  it('of a proxy that is trusted are continued', () => {
    assert.deepEqual(forwarding(upstreamLines(get('/', ...claims), { trust: trusting('x-forwarded') })), [
      'X-Forwarded-For: 1.1.1.1, 2.2.2.2, 203.0.113.7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: a.example',
    ]);
  });

  it('of a proxy that is trusted and says nothing are begun', () => {
    assert.deepEqual(forwarding(upstreamLines(get('/'), { trust: trusting('x-forwarded'), secure: true })), [
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: localhost',
    ]);
  });

  it('can be turned off, and then those of the client go too', () => {
    assert.deepEqual(
      forwarding(
        upstreamLines(get('/', ...claims), { proxy: { forwarded: 'off' }, trust: trusting('x-forwarded') }),
      ),
      [],
    );
  });

  it('tell no host where the client named none', () => {
    assert.deepEqual(forwarding(upstreamLines(head('GET / HTTP/1.0'))), [
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-Proto: http',
    ]);
  });

  const both = { proxy: { forwarded: 'both' } } as const;

  it('are those of RFC 7239 where that is asked for, or both kinds', () => {
    assert.deepEqual(forwarding(upstreamLines(get('/', ...claims), { proxy: { forwarded: 'forwarded' } })), [
      'Forwarded: for=203.0.113.7;host=localhost;proto=http',
    ]);
    const ipv6 = head('GET / HTTP/1.1', 'Host: a.example:8443');
    assert.deepEqual(forwarding(upstreamLines(ipv6, { ...both, address: '2001:db8::7', secure: true })), [
      'X-Forwarded-For: 2001:db8::7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: a.example:8443',
      'Forwarded: for="[2001:db8::7]";host="a.example:8443";proto=https',
    ]);
  });

  it('are translated where the proxy before us writes the other kind; what it passed on unread is gone', () => {
    const chain = 'For="[2001:db8::1]:4711";Proto=https;Host="a.example:8443";secret=x, for=10.0.0.2';
    const told = get('/', `Forwarded: ${chain}`, 'X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Host: forged');
    assert.deepEqual(forwarding(upstreamLines(told, { trust: trusting('forwarded'), ...both })), [
      'X-Forwarded-For: 2001:db8::1, 10.0.0.2, 203.0.113.7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: a.example:8443',
      `Forwarded: ${chain}, for=203.0.113.7;host=localhost;proto=http`,
    ]);
    const other = get(
      '/',
      'Forwarded: for=6.6.6.6',
      'X-Forwarded-For: 2001:db8::1',
      'X-Forwarded-Proto: https',
    );
    assert.deepEqual(forwarding(upstreamLines(other, { trust: trusting('x-forwarded'), ...both })), [
      'X-Forwarded-For: 2001:db8::1, 203.0.113.7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: localhost',
      'Forwarded: for="[2001:db8::1]";proto=https, for=203.0.113.7;host=localhost;proto=http',
    ]);
  });

  it('are begun anew where those of a trusted proxy are broken: an open quote would swallow ours', () => {
    const broken = get('/', 'Forwarded: for="192.0.2.1');
    assert.deepEqual(forwarding(upstreamLines(broken, { trust: trusting('forwarded'), ...both })), [
      'X-Forwarded-For: 203.0.113.7',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: localhost',
      'Forwarded: for=203.0.113.7;host=localhost;proto=http',
    ]);
  });

  it('keep what is no address in its place, and tell of no scheme and no host that are none', () => {
    const odd = get(
      '/',
      'X-Forwarded-For: unknown, "x", [2001:db8::1]:80',
      'X-Forwarded-Proto: gopher',
      'X-Forwarded-Host: a b',
    );
    assert.deepEqual(forwarding(upstreamLines(odd, { trust: trusting('x-forwarded'), ...both })), [
      'X-Forwarded-For: unknown, "x", [2001:db8::1]:80, 203.0.113.7',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: localhost',
      'Forwarded: for=unknown, for=unknown, for="[2001:db8::1]", for=203.0.113.7;host=localhost;proto=http',
    ]);
  });

  it('have no word for a unix socket, and none is put behind those who are known', () => {
    const from = { address: 'unix', trust: trusting('x-forwarded'), ...both };
    assert.deepEqual(only(upstreamLines(get('/'), from), /^(X-Forwarded-For|Forwarded):/), [
      'X-Forwarded-For: unknown',
      'Forwarded: for=unknown;host=localhost;proto=http',
    ]);
    assert.deepEqual(
      only(upstreamLines(get('/', 'X-Forwarded-For: 192.0.2.1'), from), /^(X-Forwarded-For|Forwarded):/),
      ['X-Forwarded-For: 192.0.2.1', 'Forwarded: for=192.0.2.1'],
    );
  });
});
