/** The threat: a client that writes forwarding fields itself, to be taken for another or to break those that we add. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseFields } from '../../test/support/parse-fields.ts';
import { findClient, forwardedElement, hopsOf, parseForwarded, type ForwardingFields } from './forwarded.ts';

/** What Forwarded is made of, and some that it is not. */
const SYNTAX = Array.from('for=",;\\ []:1.ab');
const PEER = { address: '10.0.0.1', scheme: 'http', host: 'inside' } as const;

/** The client, as these lines of a proxy at 10.0.0.1 tell it; 10.x is trusted. */
function client(fields: ForwardingFields, ...lines: string[]): string {
  const hops = hopsOf(parseFields(...lines), fields);
  const { address, scheme, host } = findClient(hops, PEER, (other) => other.startsWith('10.'));
  return `${scheme}://${host} for ${address}`;
}

describe('the client', () => {
  it('is the last in the chain that is not trusted, since it could have written everything before itself', () => {
    const xff = (...lines: string[]): string => client('x-forwarded', ...lines);
    assert.equal(xff(), 'http://inside for 10.0.0.1');
    assert.equal(xff('X-Forwarded-For: 192.0.2.1'), 'http://inside for 192.0.2.1');
    assert.equal(xff('X-Forwarded-For: 6.6.6.6, 192.0.2.1'), 'http://inside for 192.0.2.1');
    assert.equal(
      xff('X-Forwarded-For: 10.9.9.9, 192.0.2.1, 10.0.0.3,10.0.0.2'),
      'http://inside for 192.0.2.1',
    );
    assert.equal(
      xff('X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 192.0.2.1 ,, '),
      'http://inside for 192.0.2.1',
    );
  });

  it('is the first of all where all are trusted', () => {
    assert.equal(client('x-forwarded', 'X-Forwarded-For: 10.0.0.3, 10.0.0.2'), 'http://inside for 10.0.0.3');
  });

  it('is not sought behind what is no address', () => {
    for (const node of ['unknown', '_hidden', 'evil', '192.0.2.1:', '"192.0.2.1"', '1.2.3.4\\']) {
      const line = `X-Forwarded-For: 6.6.6.6, ${node}, 10.0.0.2`;
      assert.equal(client('x-forwarded', line), 'http://inside for 10.0.0.2', node);
    }
  });

  it('has the scheme and the host that the proxy next to it has seen', () => {
    const chain = 'X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.2';
    const told = (proto: string, host: string): string =>
      client('x-forwarded', chain, `X-Forwarded-Proto: ${proto}`, `X-Forwarded-Host: ${host}`);
    assert.equal(told('https', 'A.example:8443'), 'https://a.example:8443 for 192.0.2.1');
    assert.equal(told('https, http', 'a.example, b.example'), 'https://a.example for 192.0.2.1');
    assert.equal(
      told('http, https, http', 'forged, a.example, b.example'),
      'https://a.example for 192.0.2.1',
    );
    assert.equal(told('gopher', 'a b'), 'http://inside for 192.0.2.1');
  });

  it('is found in Forwarded where the proxies write that, with what each of them says', () => {
    const told = (...values: string[]): string =>
      client('forwarded', ...values.map((value) => `Forwarded: ${value}`));
    assert.equal(told('for=192.0.2.1;proto=https;host=a.example'), 'https://a.example for 192.0.2.1');
    assert.equal(
      told(
        'for=6.6.6.6;host=forged',
        'For="[2001:db8::1]:4711"; Proto=https;by=_us, for=10.0.0.2;proto=http',
      ),
      'https://inside for 2001:db8::1',
    );
    assert.equal(told('for=unknown;proto=https'), 'https://inside for 10.0.0.1');
    assert.equal(told('proto=https'), 'https://inside for 10.0.0.1');
    assert.equal(told('for=192.0.2.1', 'for="broken'), 'http://inside for 10.0.0.1');
  });

  it('is not told by the fields that the proxies do not write', () => {
    assert.equal(client('x-forwarded', 'Forwarded: for=6.6.6.6'), 'http://inside for 10.0.0.1');
    assert.equal(client('forwarded', 'X-Forwarded-For: 6.6.6.6'), 'http://inside for 10.0.0.1');
  });
});

describe('a Forwarded field (RFC 7239 §4)', () => {
  const nodes = (text: string): string[] | undefined => parseForwarded(text)?.map(({ node }) => node);

  it('is a list of elements, of pairs that are tokens or quoted', () => {
    assert.deepEqual(nodes(''), []);
    assert.deepEqual(nodes('for=a'), ['a']);
    assert.deepEqual(nodes('FOR="a,b;c=\\"d\\"", for=e'), ['a,b;c="d"', 'e']);
    assert.deepEqual(nodes(' , for=a;;by=b ,, proto=http\t,'), ['a', 'unknown']);
  });

  it('is broken, and says nothing, where a reader might go astray', () => {
    for (const text of [
      'for',
      'for=',
      'for="a',
      'for="a\\"',
      'for=a b',
      'for = a',
      '=a',
      'for=a;for=b',
      'for=[::1]',
      'for="a"b',
    ]) {
      assert.equal(nodes(text), undefined, text);
    }
  });

  it('is written so that it is read as it was meant', () => {
    assert.equal(
      forwardedElement('192.0.2.1', 'https', 'a.example'),
      'for=192.0.2.1;host=a.example;proto=https',
    );
    assert.equal(
      forwardedElement('2001:db8::1', 'http', '[::1]:80'),
      'for="[2001:db8::1]";host="[::1]:80";proto=http',
    );
    assert.equal(forwardedElement(undefined), 'for=unknown');
    assert.equal(forwardedElement('a;b'), 'for=unknown');
  });

  it('never keeps what we add from being read, whatever stood there before', () => {
    const text = fc.string({ unit: fc.constantFrom(...SYNTAX), maxLength: 30 });
    fc.assert(
      fc.property(text, (before) => {
        if (parseForwarded(before) === undefined) return;
        assert.equal(
          parseForwarded(`${before}, ${forwardedElement('192.0.2.9')}`)?.at(-1)?.address,
          '192.0.2.9',
        );
      }),
      { numRuns: 3000 },
    );
  });
});
